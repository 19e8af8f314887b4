// Signing keys of the device: made in the TPM, used there, never outside.
#pragma once
#include <chrono>

#include "connection.h"

namespace gridward {

struct PublicKey {
  // Uncompressed point, 65 bytes: 04, x, y.
  Bytes point;
  TPMA_OBJECT attributes = 0;
  Bytes name;
};

// A P-256 ECDSA key under the storage root, kept at a persistent handle; `restricted`: an attestation key, which signs only
// what the TPM itself made. Throws kOccupied where the handle is taken.
PublicKey CreateKey(Connection* connection, TPM2_HANDLE handle, const Bytes& auth, const Bytes& ownerAuth, bool restricted);
PublicKey ReadKey(Connection* connection, TPM2_HANDLE handle);
// DER of the signature over a SHA-256 digest.
Bytes Sign(Connection* connection, TPM2_HANDLE handle, const Bytes& auth, const Bytes& digest);
void Evict(Connection* connection, TPM2_HANDLE handle, const Bytes& ownerAuth);
// Persistent handles of the owner, ascending.
std::vector<TPM2_HANDLE> PersistentHandles(Connection* connection);
// r and s as the TPM gives them -> DER.
Bytes SignatureDer(const TPMT_SIGNATURE& signature);
// Signatures made since the process began.
uint64_t SignCount();
// What the last of them took, the session for its auth value included.
std::chrono::microseconds LastSign();

constexpr size_t kDigestBytes = 32;

}  // namespace gridward
