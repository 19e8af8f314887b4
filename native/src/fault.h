// What can go wrong with a TPM, by kind: the names are those of firmware/platform/tpm/fault.ts and of the TLS error codes.
#pragma once
#include <tss2/tss2_common.h>

#include <stdexcept>
#include <string>

namespace gridward {

enum class Fault {
  kAbsent = 1,   // no device, no process behind it, or the connection broke
  kHung,         // no answer within the time allowed
  kBusy,         // it answers "later"
  kLockout,      // dictionary-attack lock-out
  kAuth,         // wrong auth value
  kNoKey,        // nothing at this handle
  kOccupied,     // something is at this handle already
  kPolicy,       // a PCR or another policy check failed
  kNotStarted,   // reset, and nobody sent TPM2_Startup
  kInput,        // asked for what cannot be: a programming error of ours or bad data
  kRefused,      // anything else the TPM or the TSS said
};

constexpr int kFaults = static_cast<int>(Fault::kRefused);

// `absent`, `hung`, ...: the same words in JavaScript.
const char* NameOf(Fault fault);

class TpmError : public std::runtime_error {
 public:
  TpmError(Fault fault, const std::string& text) : std::runtime_error(text), fault_(fault) {}
  Fault fault() const { return fault_; }
  bool isTransport() const { return fault_ == Fault::kAbsent; }

 private:
  Fault fault_;
};

// Nobody answered: the connection is of no use any more.
bool IsTransport(TSS2_RC rc);
// Throws a TpmError that names the command and the TSS code, unless rc is success.
void Check(TSS2_RC rc, const char* command);

}  // namespace gridward
