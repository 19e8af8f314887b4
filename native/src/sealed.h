// Data that only this TPM gives back, and only in the measured state.
#pragma once
#include "connection.h"

namespace gridward {

// PCRs of the SHA-256 bank, ascending.
using PcrList = std::vector<int>;
constexpr int kPcrs = 24;

// Values in the order of the list, 32 bytes each.
std::vector<Bytes> ReadPcrs(Connection* connection, const PcrList& pcrs);
void ExtendPcr(Connection* connection, int pcr, const Bytes& digest);
TPML_PCR_SELECTION SelectionOf(const PcrList& pcrs);

// At most 128 bytes, bound to `expected`: SHA-256 over the PCR values one after the other, those of now or of the next release.
Bytes Seal(Connection* connection, const Bytes& secret, const PcrList& pcrs, const Bytes& expected, const Bytes& ownerAuth);
// Throws kPolicy where the PCRs are others.
Bytes Unseal(Connection* connection, const Bytes& blob, const PcrList& pcrs, const Bytes& ownerAuth);

}  // namespace gridward
