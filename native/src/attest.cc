#include "attest.h"

#include <algorithm>

#include "key.h"

namespace gridward {
namespace {

constexpr size_t kCounterBytes = 8;
constexpr size_t kRandomMax = 1024;

// The NV index with its auth value set, resolved on this connection.
ESYS_TR Counter(Connection* connection, TPM2_HANDLE index, const Bytes& auth) {
  const ESYS_TR counter = connection->Resolve(index);
  TPM2B_AUTH value{};
  Fill(&value, &value.buffer, auth);
  Check(Esys_TR_SetAuth(connection->esys(), counter, &value), "counter auth");
  return counter;
}

}  // namespace

Quote MakeQuote(Connection* connection, TPM2_HANDLE handle, const Bytes& auth, const PcrList& pcrs, const Bytes& nonce) {
  ESYS_CONTEXT* esys = connection->esys();
  const ESYS_TR key = connection->Resolve(handle);
  TPM2B_AUTH value{};
  Fill(&value, &value.buffer, auth);
  Check(Esys_TR_SetAuth(esys, key, &value), "key auth");
  Transient session(connection);
  StartSession(connection, ESYS_TR_NONE, TPM2_SE_HMAC, 0, &session);
  TPM2B_DATA qualifying{};
  Fill(&qualifying, &qualifying.buffer, nonce);
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_NULL;
  const TPML_PCR_SELECTION selection = SelectionOf(pcrs);
  TPM2B_ATTEST* statement = nullptr;
  TPMT_SIGNATURE* signature = nullptr;
  const TSS2_RC rc = Esys_Quote(esys, key, session.get(), ESYS_TR_NONE, ESYS_TR_NONE, &qualifying, &scheme, &selection, &statement,
                                &signature);
  const Owned<TPM2B_ATTEST> freeStatement(statement);
  const Owned<TPMT_SIGNATURE> freeSignature(signature);
  Check(rc, "TPM2_Quote");
  session.Release();
  return {{statement->attestationData, statement->attestationData + statement->size}, SignatureDer(*signature)};
}

void DefineCounter(Connection* connection, TPM2_HANDLE index, const Bytes& auth, const Bytes& ownerAuth) {
  ESYS_CONTEXT* esys = connection->esys();
  TPM2B_AUTH owner{};
  Fill(&owner, &owner.buffer, ownerAuth);
  Check(Esys_TR_SetAuth(esys, ESYS_TR_RH_OWNER, &owner), "owner auth");
  TPM2B_AUTH value{};
  Fill(&value, &value.buffer, auth);
  TPM2B_NV_PUBLIC shape{};
  shape.nvPublic.nvIndex = index;
  shape.nvPublic.nameAlg = TPM2_ALG_SHA256;
  shape.nvPublic.attributes = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_OWNERREAD | TPMA_NV_NO_DA |
                              (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT);
  shape.nvPublic.dataSize = kCounterBytes;
  ESYS_TR made = ESYS_TR_NONE;
  Check(Esys_NV_DefineSpace(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &value, &shape, &made),
        "TPM2_NV_DefineSpace");
  Esys_TR_Close(esys, &made);
}

uint64_t ReadCounter(Connection* connection, TPM2_HANDLE index, const Bytes& auth) {
  const ESYS_TR counter = Counter(connection, index, auth);
  TPM2B_MAX_NV_BUFFER* data = nullptr;
  const TSS2_RC rc = Esys_NV_Read(connection->esys(), counter, counter, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, kCounterBytes, 0, &data);
  const Owned<TPM2B_MAX_NV_BUFFER> freeData(data);
  Check(rc, "TPM2_NV_Read");
  uint64_t value = 0;
  for (size_t at = 0; at < kCounterBytes; at += 1) value = value << 8 | data->buffer[at];
  return value;
}

void RaiseCounter(Connection* connection, TPM2_HANDLE index, const Bytes& auth) {
  const ESYS_TR counter = Counter(connection, index, auth);
  Check(Esys_NV_Increment(connection->esys(), counter, counter, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE), "TPM2_NV_Increment");
  // Its name changes with its first increment.
  connection->Forget(index);
}

Bytes Random(Connection* connection, size_t size) {
  if (size > kRandomMax) throw TpmError(Fault::kInput, "too many random bytes at once");
  Bytes random;
  while (random.size() < size) {
    TPM2B_DIGEST* part = nullptr;
    const auto wanted = static_cast<UINT16>(std::min<size_t>(size - random.size(), TPM2_SHA256_DIGEST_SIZE));
    const TSS2_RC rc = Esys_GetRandom(connection->esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, wanted, &part);
    const Owned<TPM2B_DIGEST> freePart(part);
    Check(rc, "TPM2_GetRandom");
    if (part->size == 0) throw TpmError(Fault::kRefused, "the TPM gave no random bytes");
    random.insert(random.end(), part->buffer, part->buffer + part->size);
  }
  return random;
}

}  // namespace gridward
