// The in-process OpenSSL provider: an EC key whose private half is in the TPM.
#pragma once
#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "fault.h"

namespace gridward {

constexpr const char* kSignatureName = "GRIDWARD-ECDSA";
constexpr size_t kPointBytes = 65;
// Longest DER of a P-256 signature.
constexpr size_t kSignatureBytesMax = 72;

// A key of our keymgmt; handle 0: a public key that was only imported, to be compared.
struct ProviderKey {
  std::atomic<int> references{1};
  uint32_t handle = 0;
  bool hasPoint = false;
  std::array<uint8_t, kPointBytes> point{};
};

void Release(ProviderKey* key);

// Registers and loads the provider, once a process. Throws std::runtime_error where OpenSSL would give our EC to everybody.
void InstallProvider();
// Makes the generic "EC" that of the default provider again where it is not (see provider.cc).
void Heal();
// Puts the fault into OpenSSL's queue: JavaScript sees ERR_SSL_TPM_HUNG and the like.
void Raise(const TpmError& error);

// Made by the core at load; reads the decoder's input.
OSSL_FUNC_BIO_read_ex_fn* CoreRead();

extern const OSSL_ALGORITHM kKeyManagement[];
extern const OSSL_ALGORITHM kSignatures[];
extern const OSSL_ALGORITHM kDecoders[];

}  // namespace gridward
