// Evidence of the measured state, and a counter that never goes back.
#pragma once
#include "sealed.h"

namespace gridward {

struct Quote {
  // TPMS_ATTEST as the TPM marshalled it: what the signature covers.
  Bytes statement;
  Bytes signature;
};

// Signed by the attestation key at `handle`; the nonce is inside.
Quote MakeQuote(Connection* connection, TPM2_HANDLE handle, const Bytes& auth, const PcrList& pcrs, const Bytes& nonce);

// Creates the counter at the NV index unless it is there. A counter made anew starts above every one the TPM ever had.
void DefineCounter(Connection* connection, TPM2_HANDLE index, const Bytes& auth, const Bytes& ownerAuth);
// Throws kNoKey before its first increment and where there is none.
uint64_t ReadCounter(Connection* connection, TPM2_HANDLE index, const Bytes& auth);
void RaiseCounter(Connection* connection, TPM2_HANDLE index, const Bytes& auth);
Bytes Random(Connection* connection, size_t size);

}  // namespace gridward
