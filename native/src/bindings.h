#pragma once
#include <napi.h>

namespace gridward {

// The TPM functions of the addon. Each returns a promise and is done on the TPM thread; a rejection carries `fault`, one of the
// names of fault.h. The first argument is always the time allowed, in milliseconds.
void ExportTpm(Napi::Env env, Napi::Object exports);

}  // namespace gridward
