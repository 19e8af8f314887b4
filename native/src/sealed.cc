#include "sealed.h"

#include <tss2/tss2_mu.h>

#include <algorithm>
#include <array>

namespace gridward {
namespace {

constexpr size_t kSecretMax = 128;
constexpr size_t kBlobMax = sizeof(TPM2B_PUBLIC) + sizeof(TPM2B_PRIVATE);

TPM2B_DIGEST DigestOf(const Bytes& bytes) {
  TPM2B_DIGEST digest{};
  Fill(&digest, &digest.buffer, bytes);
  return digest;
}

// The policy that PolicyPCR makes of the expected digest: asked of a trial session, which compares with nothing.
TPM2B_DIGEST PolicyOf(Connection* connection, const PcrList& pcrs, const Bytes& expected) {
  Transient trial(connection);
  StartSession(connection, ESYS_TR_NONE, TPM2_SE_TRIAL, TPMA_SESSION_CONTINUESESSION, &trial);
  const TPML_PCR_SELECTION selection = SelectionOf(pcrs);
  const TPM2B_DIGEST digest = DigestOf(expected);
  Check(Esys_PolicyPCR(connection->esys(), trial.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &digest, &selection),
        "TPM2_PolicyPCR");
  TPM2B_DIGEST* policy = nullptr;
  const TSS2_RC rc =
      Esys_PolicyGetDigest(connection->esys(), trial.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &policy);
  const Owned<TPM2B_DIGEST> freePolicy(policy);
  Check(rc, "TPM2_PolicyGetDigest");
  return *policy;
}

}  // namespace

TPML_PCR_SELECTION SelectionOf(const PcrList& pcrs) {
  TPML_PCR_SELECTION selection{};
  selection.count = 1;
  TPMS_PCR_SELECTION& bank = selection.pcrSelections[0];
  bank.hash = TPM2_ALG_SHA256;
  bank.sizeofSelect = kPcrs / 8;
  for (const int pcr : pcrs) {
    if (pcr < 0 || pcr >= kPcrs) throw TpmError(Fault::kInput, "there is no such PCR");
    bank.pcrSelect[pcr / 8] |= static_cast<BYTE>(1U << (pcr % 8));
  }
  return selection;
}

std::vector<Bytes> ReadPcrs(Connection* connection, const PcrList& pcrs) {
  std::vector<Bytes> values;
  // One at a time: a TPM answers a long selection in parts of its own choice.
  for (const int pcr : pcrs) {
    const TPML_PCR_SELECTION selection = SelectionOf({pcr});
    UINT32 counter = 0;
    TPML_PCR_SELECTION* read = nullptr;
    TPML_DIGEST* digests = nullptr;
    const TSS2_RC rc = Esys_PCR_Read(connection->esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &selection, &counter, &read, &digests);
    const Owned<TPML_PCR_SELECTION> freeRead(read);
    const Owned<TPML_DIGEST> freeDigests(digests);
    Check(rc, "TPM2_PCR_Read");
    if (digests->count != 1) throw TpmError(Fault::kRefused, "the TPM has no SHA-256 bank for this PCR");
    values.emplace_back(digests->digests[0].buffer, digests->digests[0].buffer + digests->digests[0].size);
  }
  return values;
}

void ExtendPcr(Connection* connection, int pcr, const Bytes& digest) {
  if (pcr < 0 || pcr >= kPcrs || digest.size() != TPM2_SHA256_DIGEST_SIZE) throw TpmError(Fault::kInput, "no PCR or no SHA-256 digest");
  TPML_DIGEST_VALUES values{};
  values.count = 1;
  values.digests[0].hashAlg = TPM2_ALG_SHA256;
  std::copy(digest.begin(), digest.end(), values.digests[0].digest.sha256);
  Check(Esys_PCR_Extend(connection->esys(), static_cast<ESYS_TR>(ESYS_TR_PCR0 + pcr), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                        &values),
        "TPM2_PCR_Extend");
}

Bytes Seal(Connection* connection, const Bytes& secret, const PcrList& pcrs, const Bytes& expected, const Bytes& ownerAuth) {
  if (secret.size() > kSecretMax) throw TpmError(Fault::kInput, "at most 128 bytes can be sealed");
  TPM2B_PUBLIC shape{};
  shape.publicArea.type = TPM2_ALG_KEYEDHASH;
  shape.publicArea.nameAlg = TPM2_ALG_SHA256;
  // No userWithAuth: the policy is the only way in. noDA: a policy that fails must not lock the TPM.
  shape.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA;
  shape.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
  shape.publicArea.authPolicy = PolicyOf(connection, pcrs, expected);
  Transient root(connection);
  CreateStorageRoot(connection, ownerAuth, &root);
  Transient session(connection);
  StartSession(connection, root.get(), TPM2_SE_HMAC, TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT, &session);
  TPM2B_SENSITIVE_CREATE content{};
  Fill(&content.sensitive.data, &content.sensitive.data.buffer, secret);
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION creation{};
  TPM2B_PRIVATE* wrapped = nullptr;
  TPM2B_PUBLIC* made = nullptr;
  TPM2B_CREATION_DATA* data = nullptr;
  TPM2B_DIGEST* hash = nullptr;
  TPMT_TK_CREATION* ticket = nullptr;
  const TSS2_RC rc = Esys_Create(connection->esys(), root.get(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, &content, &shape, &outside,
                                 &creation, &wrapped, &made, &data, &hash, &ticket);
  const Owned<TPM2B_PRIVATE> freeWrapped(wrapped);
  const Owned<TPM2B_PUBLIC> freeMade(made);
  const Owned<TPM2B_CREATION_DATA> freeData(data);
  const Owned<TPM2B_DIGEST> freeHash(hash);
  const Owned<TPMT_TK_CREATION> freeTicket(ticket);
  Check(rc, "TPM2_Create");
  std::array<uint8_t, kBlobMax> buffer{};
  size_t used = 0;
  Check(Tss2_MU_TPM2B_PUBLIC_Marshal(made, buffer.data(), buffer.size(), &used), "marshal");
  Check(Tss2_MU_TPM2B_PRIVATE_Marshal(wrapped, buffer.data(), buffer.size(), &used), "marshal");
  return {buffer.begin(), buffer.begin() + static_cast<long>(used)};
}

Bytes Unseal(Connection* connection, const Bytes& blob, const PcrList& pcrs, const Bytes& ownerAuth) {
  TPM2B_PUBLIC shape{};
  TPM2B_PRIVATE wrapped{};
  size_t used = 0;
  if (Tss2_MU_TPM2B_PUBLIC_Unmarshal(blob.data(), blob.size(), &used, &shape) != TSS2_RC_SUCCESS ||
      Tss2_MU_TPM2B_PRIVATE_Unmarshal(blob.data(), blob.size(), &used, &wrapped) != TSS2_RC_SUCCESS || used != blob.size()) {
    throw TpmError(Fault::kInput, "this is no sealed secret");
  }
  ESYS_CONTEXT* esys = connection->esys();
  Transient root(connection);
  CreateStorageRoot(connection, ownerAuth, &root);
  Transient object(connection);
  Check(Esys_Load(esys, root.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &wrapped, &shape, object.out()), "TPM2_Load");
  Transient session(connection);
  // Salted: without it the answer could be read from the bus, however encrypted.
  StartSession(connection, root.get(), TPM2_SE_POLICY, TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_ENCRYPT, &session);
  const TPML_PCR_SELECTION selection = SelectionOf(pcrs);
  const TPM2B_DIGEST any{};
  Check(Esys_PolicyPCR(esys, session.get(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &any, &selection), "TPM2_PolicyPCR");
  TPM2B_SENSITIVE_DATA* secret = nullptr;
  const TSS2_RC rc = Esys_Unseal(esys, object.get(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, &secret);
  const Owned<TPM2B_SENSITIVE_DATA> freeSecret(secret);
  Check(rc, "TPM2_Unseal");
  Bytes result(secret->buffer, secret->buffer + secret->size);
  std::fill_n(secret->buffer, secret->size, BYTE{0});
  return result;
}

}  // namespace gridward
