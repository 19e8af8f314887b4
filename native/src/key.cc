#include "key.h"

#include <algorithm>
#include <atomic>

namespace gridward {
namespace {

constexpr size_t kCoordinateBytes = 32;
constexpr UINT32 kHandlesMax = 64;
std::atomic<uint64_t> signs{0};
std::atomic<int64_t> lastSign{0};

PublicKey PublicOf(const TPMT_PUBLIC& area, const TPM2B_NAME& name) {
  if (area.type != TPM2_ALG_ECC || area.parameters.eccDetail.curveID != TPM2_ECC_NIST_P256) {
    throw TpmError(Fault::kInput, "the key at this handle is not on P-256");
  }
  PublicKey key;
  key.attributes = area.objectAttributes;
  key.name.assign(name.name, name.name + name.size);
  key.point.assign(1 + 2 * kCoordinateBytes, 0);
  key.point[0] = 4;
  const TPMS_ECC_POINT& point = area.unique.ecc;
  if (point.x.size > kCoordinateBytes || point.y.size > kCoordinateBytes) throw TpmError(Fault::kInput, "a coordinate is too long");
  // Some TPMs leave leading zeros out.
  std::copy_n(point.x.buffer, point.x.size, key.point.begin() + 1 + static_cast<long>(kCoordinateBytes - point.x.size));
  std::copy_n(point.y.buffer, point.y.size, key.point.begin() + 1 + static_cast<long>(2 * kCoordinateBytes - point.y.size));
  return key;
}

TPM2B_PUBLIC SigningTemplate(bool restricted) {
  TPM2B_PUBLIC shape{};
  shape.publicArea.type = TPM2_ALG_ECC;
  shape.publicArea.nameAlg = TPM2_ALG_SHA256;
  // noDA: each power cut after a use counts as a failed try otherwise, and a site that loses power often is locked out.
  shape.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                      TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_SIGN_ENCRYPT |
                                      (restricted ? TPMA_OBJECT_RESTRICTED : 0);
  TPMS_ECC_PARMS& ecc = shape.publicArea.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_NULL;
  ecc.scheme.scheme = TPM2_ALG_ECDSA;
  ecc.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return shape;
}

void AppendInteger(const TPM2B_ECC_PARAMETER& value, Bytes* der) {
  size_t from = 0;
  while (from + 1 < value.size && value.buffer[from] == 0) from += 1;
  const bool negative = from < value.size && (value.buffer[from] & 0x80) != 0;
  der->push_back(0x02);
  der->push_back(static_cast<uint8_t>(value.size - from + (negative ? 1 : 0)));
  if (negative) der->push_back(0);
  der->insert(der->end(), value.buffer + from, value.buffer + value.size);
}

}  // namespace

Bytes SignatureDer(const TPMT_SIGNATURE& signature) {
  const TPMS_SIGNATURE_ECDSA& ecdsa = signature.signature.ecdsa;
  if (signature.sigAlg != TPM2_ALG_ECDSA || ecdsa.signatureR.size > kCoordinateBytes || ecdsa.signatureS.size > kCoordinateBytes ||
      ecdsa.signatureR.size == 0 || ecdsa.signatureS.size == 0) {
    throw TpmError(Fault::kRefused, "the TPM returned no P-256 ECDSA signature");
  }
  Bytes der(2, 0x30);
  AppendInteger(ecdsa.signatureR, &der);
  AppendInteger(ecdsa.signatureS, &der);
  der[1] = static_cast<uint8_t>(der.size() - 2);
  return der;
}

PublicKey CreateKey(Connection* connection, TPM2_HANDLE handle, const Bytes& auth, const Bytes& ownerAuth, bool restricted) {
  for (const TPM2_HANDLE taken : PersistentHandles(connection)) {
    if (taken == handle) throw TpmError(Fault::kOccupied, "a key is at this handle already");
  }
  ESYS_CONTEXT* esys = connection->esys();
  Transient root(connection);
  CreateStorageRoot(connection, ownerAuth, &root);
  Transient session(connection);
  // Salted and encrypted: the auth value of the new key crosses the bus here.
  StartSession(connection, root.get(), TPM2_SE_HMAC, TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT, &session);
  TPM2B_SENSITIVE_CREATE secret{};
  Fill(&secret.sensitive.userAuth, &secret.sensitive.userAuth.buffer, auth);
  const TPM2B_PUBLIC shape = SigningTemplate(restricted);
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION creation{};
  TPM2B_PRIVATE* wrapped = nullptr;
  TPM2B_PUBLIC* made = nullptr;
  TPM2B_CREATION_DATA* data = nullptr;
  TPM2B_DIGEST* hash = nullptr;
  TPMT_TK_CREATION* ticket = nullptr;
  const TSS2_RC rc = Esys_Create(esys, root.get(), session.get(), ESYS_TR_NONE, ESYS_TR_NONE, &secret, &shape, &outside, &creation,
                                 &wrapped, &made, &data, &hash, &ticket);
  const Owned<TPM2B_PRIVATE> freeWrapped(wrapped);
  const Owned<TPM2B_PUBLIC> freeMade(made);
  const Owned<TPM2B_CREATION_DATA> freeData(data);
  const Owned<TPM2B_DIGEST> freeHash(hash);
  const Owned<TPMT_TK_CREATION> freeTicket(ticket);
  Check(rc, "TPM2_Create");
  Transient key(connection);
  Check(Esys_Load(esys, root.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, wrapped, made, key.out()), "TPM2_Load");
  ESYS_TR kept = ESYS_TR_NONE;
  Check(Esys_EvictControl(esys, ESYS_TR_RH_OWNER, key.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, handle, &kept),
        "TPM2_EvictControl");
  Esys_TR_Close(esys, &kept);
  return ReadKey(connection, handle);
}

PublicKey ReadKey(Connection* connection, TPM2_HANDLE handle) {
  const ESYS_TR key = connection->Resolve(handle);
  TPM2B_PUBLIC* area = nullptr;
  TPM2B_NAME* name = nullptr;
  TPM2B_NAME* qualified = nullptr;
  const TSS2_RC rc =
      Esys_ReadPublic(connection->esys(), key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area, &name, &qualified);
  const Owned<TPM2B_PUBLIC> freeArea(area);
  const Owned<TPM2B_NAME> freeName(name);
  const Owned<TPM2B_NAME> freeQualified(qualified);
  Check(rc, "TPM2_ReadPublic");
  return PublicOf(area->publicArea, *name);
}

Bytes Sign(Connection* connection, TPM2_HANDLE handle, const Bytes& auth, const Bytes& digest) {
  if (digest.size() != kDigestBytes) throw TpmError(Fault::kInput, "a SHA-256 digest has 32 bytes");
  const auto began = std::chrono::steady_clock::now();
  ESYS_CONTEXT* esys = connection->esys();
  const ESYS_TR key = connection->Resolve(handle);
  TPM2B_AUTH value{};
  Fill(&value, &value.buffer, auth);
  Check(Esys_TR_SetAuth(esys, key, &value), "key auth");
  // An HMAC session proves the auth value without sending it.
  Transient session(connection);
  StartSession(connection, ESYS_TR_NONE, TPM2_SE_HMAC, 0, &session);
  TPM2B_DIGEST hash{};
  Fill(&hash, &hash.buffer, digest);
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_ECDSA;
  scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  TPMT_TK_HASHCHECK outside{};
  outside.tag = TPM2_ST_HASHCHECK;
  outside.hierarchy = TPM2_RH_NULL;
  TPMT_SIGNATURE* signature = nullptr;
  const TSS2_RC rc =
      Esys_Sign(esys, key, session.get(), ESYS_TR_NONE, ESYS_TR_NONE, &hash, &scheme, &outside, &signature);
  const Owned<TPMT_SIGNATURE> freeSignature(signature);
  Check(rc, "TPM2_Sign");
  session.Release();
  lastSign = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began).count();
  signs += 1;
  return SignatureDer(*signature);
}

void Evict(Connection* connection, TPM2_HANDLE handle, const Bytes& ownerAuth) {
  ESYS_CONTEXT* esys = connection->esys();
  const ESYS_TR key = connection->Resolve(handle);
  TPM2B_AUTH auth{};
  Fill(&auth, &auth.buffer, ownerAuth);
  Check(Esys_TR_SetAuth(esys, ESYS_TR_RH_OWNER, &auth), "owner auth");
  ESYS_TR none = ESYS_TR_NONE;
  Check(Esys_EvictControl(esys, ESYS_TR_RH_OWNER, key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, handle, &none),
        "TPM2_EvictControl");
  connection->Forget(handle);
}

std::vector<TPM2_HANDLE> PersistentHandles(Connection* connection) {
  TPMI_YES_NO more = TPM2_NO;
  TPMS_CAPABILITY_DATA* data = nullptr;
  const TSS2_RC rc = Esys_GetCapability(connection->esys(), ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                                        TPM2_PERSISTENT_FIRST, kHandlesMax, &more, &data);
  const Owned<TPMS_CAPABILITY_DATA> freeData(data);
  Check(rc, "TPM2_GetCapability");
  const TPML_HANDLE& handles = data->data.handles;
  return {handles.handle, handles.handle + handles.count};
}

uint64_t SignCount() { return signs; }

std::chrono::microseconds LastSign() { return std::chrono::microseconds(lastSign); }

}  // namespace gridward
