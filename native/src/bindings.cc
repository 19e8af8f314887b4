#include "bindings.h"

#include <functional>

#include "attest.h"
#include "key.h"
#include "provider.h"
#include "sealed.h"
#include "service.h"

namespace gridward {
namespace {

using Napi::CallbackInfo;
using Napi::Env;
using Napi::Value;

Bytes BytesOf(const Value& value) {
  if (!value.IsTypedArray()) throw Napi::TypeError::New(value.Env(), "a Uint8Array is wanted");
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.Data() + array.ByteLength()};
}

TPM2_HANDLE HandleOf(const Value& value) { return value.ToNumber().Uint32Value(); }

PcrList PcrsOf(const Value& value) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), "a list of PCRs is wanted");
  const auto array = value.As<Napi::Array>();
  PcrList pcrs;
  for (uint32_t at = 0; at < array.Length() && at < kPcrs; at += 1) pcrs.push_back(array.Get(at).ToNumber().Int32Value());
  return pcrs;
}

Value ToJs(Env env, const Bytes& bytes) { return Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size()); }
Value ToJs(Env env, bool) { return env.Undefined(); }
Value ToJs(Env env, uint64_t number) { return Napi::BigInt::New(env, number); }
Value ToJs(Env env, const PublicKey& key) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("point", ToJs(env, key.point));
  object.Set("attributes", Napi::Number::New(env, key.attributes));
  object.Set("name", ToJs(env, key.name));
  return object;
}
Value ToJs(Env env, const Quote& quote) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("statement", ToJs(env, quote.statement));
  object.Set("signature", ToJs(env, quote.signature));
  return object;
}
template <class T>
Value ToJs(Env env, const std::vector<T>& list) {
  Napi::Array array = Napi::Array::New(env, list.size());
  for (uint32_t at = 0; at < list.size(); at += 1) {
    if constexpr (std::is_integral_v<T>) {
      array.Set(at, Napi::Number::New(env, list[at]));
    } else {
      array.Set(at, ToJs(env, list[at]));
    }
  }
  return array;
}

// Waits for the TPM thread on one of libuv's; the wait is bounded by the limit.
template <class T>
class Waiter : public Napi::AsyncWorker {
 public:
  Waiter(Napi::Env env, std::chrono::milliseconds limit, bool repeat, std::function<T(Connection*)> work)
      : AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)), limit_(limit), repeat_(repeat), work_(std::move(work)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override {
    try {
      result_ = Service::Get().Run<T>(limit_, repeat_, work_);
    } catch (const TpmError& error) {
      fault_ = NameOf(error.fault());
      SetError(error.what());
    } catch (const std::exception& error) {
      fault_ = NameOf(Fault::kRefused);
      SetError(error.what());
    }
  }

  void OnOK() override { deferred_.Resolve(ToJs(Env(), *result_)); }

  void OnError(const Napi::Error& error) override {
    error.Value().Set("fault", fault_);
    deferred_.Reject(error.Value());
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::chrono::milliseconds limit_;
  bool repeat_;
  std::function<T(Connection*)> work_;
  std::optional<T> result_;
  std::string fault_;
};

template <class T>
Value Queue(const CallbackInfo& info, bool repeat, std::function<T(Connection*)> work) {
  const std::chrono::milliseconds limit(info[0].ToNumber().Int64Value());
  auto* waiter = new Waiter<T>(info.Env(), limit, repeat, std::move(work));
  const Napi::Promise promise = waiter->promise();
  waiter->Queue();
  return promise;
}

Value Configure(const CallbackInfo& info) {
  Service::Get().Configure(info[1].ToString(), std::chrono::milliseconds(info[0].ToNumber().Int64Value()));
  return info.Env().Undefined();
}

Value SetAuth(const CallbackInfo& info) {
  Service::Get().SetAuth(HandleOf(info[0]), BytesOf(info[1]));
  return info.Env().Undefined();
}

Value Install(const CallbackInfo& info) {
  try {
    InstallProvider();
  } catch (const std::exception& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
  return info.Env().Undefined();
}

Value Signs(const CallbackInfo& info) { return Napi::Number::New(info.Env(), static_cast<double>(SignCount())); }

// Milliseconds.
Value LastSignJs(const CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(LastSign().count()) / 1000);
}

Value CreateKeyJs(const CallbackInfo& info) {
  const TPM2_HANDLE handle = HandleOf(info[1]);
  const Bytes auth = BytesOf(info[2]);
  const Bytes owner = BytesOf(info[3]);
  const bool restricted = info[4].ToBoolean();
  return Queue<PublicKey>(info, false, [=](Connection* c) { return CreateKey(c, handle, auth, owner, restricted); });
}

Value ReadKeyJs(const CallbackInfo& info) {
  const TPM2_HANDLE handle = HandleOf(info[1]);
  return Queue<PublicKey>(info, true, [=](Connection* c) { return ReadKey(c, handle); });
}

Value SignJs(const CallbackInfo& info) {
  const TPM2_HANDLE handle = HandleOf(info[1]);
  const Bytes digest = BytesOf(info[2]);
  return Queue<Bytes>(info, true, [=](Connection* c) { return Sign(c, handle, Service::Get().AuthOf(handle), digest); });
}

Value EvictJs(const CallbackInfo& info) {
  const TPM2_HANDLE handle = HandleOf(info[1]);
  const Bytes owner = BytesOf(info[2]);
  return Queue<bool>(info, false, [=](Connection* c) {
    Evict(c, handle, owner);
    return true;
  });
}

Value HandlesJs(const CallbackInfo& info) {
  return Queue<std::vector<TPM2_HANDLE>>(info, true, [](Connection* c) { return PersistentHandles(c); });
}

Value RandomJs(const CallbackInfo& info) {
  const auto size = static_cast<size_t>(info[1].ToNumber().Uint32Value());
  return Queue<Bytes>(info, true, [=](Connection* c) { return Random(c, size); });
}

Value ReadPcrsJs(const CallbackInfo& info) {
  const PcrList pcrs = PcrsOf(info[1]);
  return Queue<std::vector<Bytes>>(info, true, [=](Connection* c) { return ReadPcrs(c, pcrs); });
}

Value ExtendPcrJs(const CallbackInfo& info) {
  const int pcr = info[1].ToNumber().Int32Value();
  const Bytes digest = BytesOf(info[2]);
  return Queue<bool>(info, false, [=](Connection* c) {
    ExtendPcr(c, pcr, digest);
    return true;
  });
}

Value SealJs(const CallbackInfo& info) {
  const Bytes secret = BytesOf(info[1]);
  const PcrList pcrs = PcrsOf(info[2]);
  const Bytes expected = BytesOf(info[3]);
  const Bytes owner = BytesOf(info[4]);
  return Queue<Bytes>(info, true, [=](Connection* c) { return Seal(c, secret, pcrs, expected, owner); });
}

Value UnsealJs(const CallbackInfo& info) {
  const Bytes blob = BytesOf(info[1]);
  const PcrList pcrs = PcrsOf(info[2]);
  const Bytes owner = BytesOf(info[3]);
  return Queue<Bytes>(info, true, [=](Connection* c) { return Unseal(c, blob, pcrs, owner); });
}

Value QuoteJs(const CallbackInfo& info) {
  const TPM2_HANDLE handle = HandleOf(info[1]);
  const PcrList pcrs = PcrsOf(info[2]);
  const Bytes nonce = BytesOf(info[3]);
  return Queue<Quote>(info, true, [=](Connection* c) { return MakeQuote(c, handle, Service::Get().AuthOf(handle), pcrs, nonce); });
}

Value DefineCounterJs(const CallbackInfo& info) {
  const TPM2_HANDLE index = HandleOf(info[1]);
  const Bytes owner = BytesOf(info[2]);
  return Queue<bool>(info, false, [=](Connection* c) {
    DefineCounter(c, index, Service::Get().AuthOf(index), owner);
    return true;
  });
}

Value ReadCounterJs(const CallbackInfo& info) {
  const TPM2_HANDLE index = HandleOf(info[1]);
  return Queue<uint64_t>(info, true, [=](Connection* c) { return ReadCounter(c, index, Service::Get().AuthOf(index)); });
}

Value RaiseCounterJs(const CallbackInfo& info) {
  const TPM2_HANDLE index = HandleOf(info[1]);
  return Queue<bool>(info, false, [=](Connection* c) {
    RaiseCounter(c, index, Service::Get().AuthOf(index));
    return true;
  });
}

}  // namespace

void ExportTpm(Env env, Napi::Object exports) {
  const auto add = [&](const char* name, Value (*function)(const CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("configure", Configure);
  add("setAuth", SetAuth);
  add("installProvider", Install);
  add("signCount", Signs);
  add("lastSign", LastSignJs);
  add("createKey", CreateKeyJs);
  add("readKey", ReadKeyJs);
  add("sign", SignJs);
  add("evict", EvictJs);
  add("persistentHandles", HandlesJs);
  add("random", RandomJs);
  add("readPcrs", ReadPcrsJs);
  add("extendPcr", ExtendPcrJs);
  add("seal", SealJs);
  add("unseal", UnsealJs);
  add("quote", QuoteJs);
  add("defineCounter", DefineCounterJs);
  add("readCounter", ReadCounterJs);
  add("raiseCounter", RaiseCounterJs);
}

}  // namespace gridward
