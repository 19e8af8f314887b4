#include "connection.h"

#include <dirent.h>
#include <fcntl.h>
#include <tss2/tss2_tctildr.h>

#include <cstdlib>
#include <set>

namespace gridward {
namespace {

std::set<int> OpenDescriptors() {
  std::set<int> found;
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return found;
  while (const dirent* entry = readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    // Not the one this list is read from: its number is free again, and the next that is opened gets it.
    if (fd > 2 && fd != dirfd(directory)) found.insert(fd);
  }
  closedir(directory);
  return found;
}

// The TCTIs open theirs without O_CLOEXEC: a child would hold the TPM. Node opens everything else with it, so that
// setting it on a descriptor that another thread opened meanwhile changes nothing.
void CloseOnExec(const std::set<int>& before) {
  for (const int fd : OpenDescriptors()) {
    if (before.count(fd) != 0) continue;
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
  }
}

constexpr UINT32 kLeftoversMax = 16;

// What an earlier connection that broke has left loaded: without a resource manager the TPM keeps it, and has room for three. Behind
// one, only what is ours is listed: nothing. A TPM that refuses says so again at the first real command; one that is not there has to be
// named here, because ESYS takes no further command.
void FlushLeftovers(ESYS_CONTEXT* esys) {
  for (const UINT32 first : {TPM2_LOADED_SESSION_FIRST, TPM2_TRANSIENT_FIRST}) {
    TPMI_YES_NO more = TPM2_NO;
    TPMS_CAPABILITY_DATA* data = nullptr;
    const TSS2_RC rc = Esys_GetCapability(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES, first, kLeftoversMax, &more, &data);
    const Owned<TPMS_CAPABILITY_DATA> freeData(data);
    if (IsTransport(rc)) Check(rc, "TPM2_GetCapability");
    if (rc != TSS2_RC_SUCCESS) return;
    for (UINT32 at = 0; at < data->data.handles.count; at += 1) {
      ESYS_TR object = ESYS_TR_NONE;
      const TPM2_HANDLE handle = data->data.handles.handle[at];
      if (Esys_TR_FromTPMPublic(esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object) == TSS2_RC_SUCCESS) {
        Esys_FlushContext(esys, object);
      }
    }
  }
}

}  // namespace

Connection::Connection(const std::string& tcti) {
  const std::set<int> before = OpenDescriptors();
  const TSS2_RC opened = Tss2_TctiLdr_Initialize(tcti.c_str(), &tcti_);
  if (opened != TSS2_RC_SUCCESS) throw TpmError(Fault::kAbsent, "no TPM at " + tcti);
  const TSS2_RC started = Esys_Initialize(&esys_, tcti_, nullptr);
  CloseOnExec(before);
  if (started != TSS2_RC_SUCCESS) {
    Tss2_TctiLdr_Finalize(&tcti_);
    Check(started, "Esys_Initialize");
  }
  try {
    FlushLeftovers(esys_);
  } catch (const TpmError&) {
    Esys_Finalize(&esys_);
    Tss2_TctiLdr_Finalize(&tcti_);
    throw;
  }
}

Connection::~Connection() {
  for (auto& entry : resolved_) Esys_TR_Close(esys_, &entry.second);
  Esys_Finalize(&esys_);
  Tss2_TctiLdr_Finalize(&tcti_);
}

ESYS_TR Connection::Resolve(TPM2_HANDLE handle) {
  const auto known = resolved_.find(handle);
  if (known != resolved_.end()) return known->second;
  ESYS_TR object = ESYS_TR_NONE;
  Check(Esys_TR_FromTPMPublic(esys_, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &object), "TPM2_ReadPublic");
  resolved_.emplace(handle, object);
  return object;
}

void Connection::Forget(TPM2_HANDLE handle) {
  const auto known = resolved_.find(handle);
  if (known == resolved_.end()) return;
  Esys_TR_Close(esys_, &known->second);
  resolved_.erase(known);
}

Transient::~Transient() {
  if (object_ != ESYS_TR_NONE) Esys_FlushContext(connection_->esys(), object_);
}

void Transient::Release() {
  Esys_TR_Close(connection_->esys(), &object_);
  object_ = ESYS_TR_NONE;
}

void CreateStorageRoot(Connection* connection, const Bytes& ownerAuth, Transient* root) {
  TPM2B_AUTH auth{};
  Fill(&auth, &auth.buffer, ownerAuth);
  Check(Esys_TR_SetAuth(connection->esys(), ESYS_TR_RH_OWNER, &auth), "owner auth");
  TPM2B_PUBLIC shape{};
  shape.publicArea.type = TPM2_ALG_ECC;
  shape.publicArea.nameAlg = TPM2_ALG_SHA256;
  shape.publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                                      TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
  TPMS_ECC_PARMS& ecc = shape.publicArea.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_AES;
  ecc.symmetric.keyBits.aes = 128;
  ecc.symmetric.mode.aes = TPM2_ALG_CFB;
  ecc.scheme.scheme = TPM2_ALG_NULL;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  const TPM2B_SENSITIVE_CREATE secret{};
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION creation{};
  TPM2B_PUBLIC* made = nullptr;
  TPM2B_CREATION_DATA* data = nullptr;
  TPM2B_DIGEST* hash = nullptr;
  TPMT_TK_CREATION* ticket = nullptr;
  const TSS2_RC rc = Esys_CreatePrimary(connection->esys(), ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                        &secret, &shape, &outside, &creation, root->out(), &made, &data, &hash, &ticket);
  const Owned<TPM2B_PUBLIC> freeMade(made);
  const Owned<TPM2B_CREATION_DATA> freeData(data);
  const Owned<TPM2B_DIGEST> freeHash(hash);
  const Owned<TPMT_TK_CREATION> freeTicket(ticket);
  Check(rc, "TPM2_CreatePrimary");
}

void StartSession(Connection* connection, ESYS_TR salt, TPM2_SE type, TPMA_SESSION attributes, Transient* session) {
  TPMT_SYM_DEF cipher{};
  cipher.algorithm = salt == ESYS_TR_NONE ? TPM2_ALG_NULL : TPM2_ALG_AES;
  cipher.keyBits.aes = 128;
  cipher.mode.aes = TPM2_ALG_CFB;
  Check(Esys_StartAuthSession(connection->esys(), salt, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, nullptr, type,
                              &cipher, TPM2_ALG_SHA256, session->out()),
        "TPM2_StartAuthSession");
  Check(Esys_TRSess_SetAttributes(connection->esys(), session->get(), attributes, 0xFF), "session attributes");
}

}  // namespace gridward
