// What the addon exports; nothing runs when it is loaded.
#include <napi.h>

#include <cerrno>
#include <cstring>

#include "bindings.h"
#include "notify.h"

namespace {

// notify(address, text): '' when the service manager has it, 'full' when its queue has no room, otherwise what failed.
Napi::Value Notify(const Napi::CallbackInfo& info) {
  const int failed = gridward::SendNotification(info[0].ToString(), info[1].ToString());
  const char* outcome = failed == 0 ? "" : failed == EAGAIN ? "full" : strerror(failed);
  return Napi::String::New(info.Env(), outcome);
}

Napi::Object Export(Napi::Env env, Napi::Object exports) {
  exports.Set("notify", Napi::Function::New(env, Notify, "notify"));
  gridward::ExportTpm(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(gridward, Export)
