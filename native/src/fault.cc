#include "fault.h"

#include <tss2/tss2_rc.h>
#include <tss2/tss2_tpm2_types.h>

#include <array>
#include <cstdio>

namespace gridward {
namespace {

// Of a code with format 1, the error without its parameter, handle or session number.
constexpr TSS2_RC kFormatOne = 0x080;
constexpr TSS2_RC kFormatOneError = 0x0BF;

Fault FaultOfTpm(TSS2_RC code) {
  const TSS2_RC bare = (code & kFormatOne) != 0 ? code & kFormatOneError : code & 0xFFF;
  switch (bare) {
    case TPM2_RC_RETRY:
    case TPM2_RC_YIELDED:
    case TPM2_RC_TESTING:
    case TPM2_RC_NV_RATE:
      return Fault::kBusy;
    case TPM2_RC_LOCKOUT:
      return Fault::kLockout;
    case TPM2_RC_AUTH_FAIL:
    case TPM2_RC_BAD_AUTH:
      return Fault::kAuth;
    case TPM2_RC_HANDLE:
    case TPM2_RC_NV_UNINITIALIZED:
      return Fault::kNoKey;
    case TPM2_RC_NV_DEFINED:
      return Fault::kOccupied;
    case TPM2_RC_POLICY_FAIL:
    case TPM2_RC_PCR_CHANGED:
    case TPM2_RC_POLICY:
    // PolicyPCR whose PCR digest is another one than given
    case TPM2_RC_VALUE:
      return Fault::kPolicy;
    case TPM2_RC_INITIALIZE:
      return Fault::kNotStarted;
    case TPM2_RC_INTEGRITY:
      return Fault::kInput;
    default:
      return Fault::kRefused;
  }
}

Fault FaultOf(TSS2_RC rc) {
  const TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
  // The kernel's resource manager reports what the TPM said under its own layer.
  if (layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER) return FaultOfTpm(rc & ~TSS2_RC_LAYER_MASK);
  const TSS2_RC base = rc & ~TSS2_RC_LAYER_MASK;
  if (base == TSS2_BASE_RC_IO_ERROR || base == TSS2_BASE_RC_NO_CONNECTION || base == TSS2_BASE_RC_NO_TPM ||
      layer == TSS2_TCTI_RC_LAYER) {
    return Fault::kAbsent;
  }
  if (base == TSS2_BASE_RC_TRY_AGAIN) return Fault::kBusy;
  return Fault::kRefused;
}

}  // namespace

bool IsTransport(TSS2_RC rc) { return rc != TSS2_RC_SUCCESS && FaultOf(rc) == Fault::kAbsent; }

const char* NameOf(Fault fault) {
  static constexpr std::array<const char*, kFaults + 1> kNames = {"",       "absent",   "hung",   "busy",        "lockout", "auth",
                                                                  "no-key", "occupied", "policy", "not-started", "input",   "refused"};
  return kNames.at(static_cast<size_t>(fault));
}

void Check(TSS2_RC rc, const char* command) {
  if (rc == TSS2_RC_SUCCESS) return;
  std::array<char, 16> code{};
  std::snprintf(code.data(), code.size(), "0x%x", rc);
  throw TpmError(FaultOf(rc), std::string(command) + ": " + Tss2_RC_Decode(rc) + " (" + code.data() + ")");
}

}  // namespace gridward
