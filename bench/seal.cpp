// Sealing and opening of messages in place, and whole logins, one core. bench/seal.py makes a table of it.
#include "auth/krb5/seal.h"
#include "auth/ntlm/client_context.h"
#include "auth/ntlm/sealer.h"
#include "auth/ntlm/server_context.h"

#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <array>
#include <functional>
#include <memory>
#include <string>

using namespace winrm::auth;

namespace {

using sealer_pair = std::pair<std::unique_ptr<message_sealer>, std::unique_ptr<message_sealer>>;

sealer_pair ntlm_pair()
{
    const auto end = [](ntlm::role role) {
        ntlm::session_keys keys{ntlm::secret_128("sixteen bytes of"), ntlm::protection::sealing, true};
        return std::make_unique<ntlm::sealer>(ntlm::session(role, std::move(keys)));
    };
    return {end(ntlm::role::client), end(ntlm::role::server)};
}

template <krb5::enctype type> sealer_pair krb5_pair()
{
    const auto end = [](krb5::role role) {
        krb5::context_values values;
        values.protocol = type == krb5::enctype::rc4_hmac ? 0 : 1;
        values.enctype = static_cast<std::int32_t>(type);
        values.key = winrm::base::secret(std::string(krb5::key_size(type), 'k'));
        values.own = role;
        return krb5::make_sealer(values, [](std::span<unsigned char> out) { std::fill(out.begin(), out.end(), 7); });
    };
    return {end(krb5::role::initiator), end(krb5::role::acceptor)};
}

/// What TLS does with the same bytes: records of 16 KiB, AES-256-GCM, in place; no network and no TLS library.
class tls_like final : public message_sealer
{
public:
    explicit tls_like(bool seals) : context_(EVP_CIPHER_CTX_new())
    {
        EVP_CipherInit_ex(context_, EVP_aes_256_gcm(), nullptr, key_.data(), nullptr, seals ? 1 : 0);
    }
    ~tls_like() override { EVP_CIPHER_CTX_free(context_); }
    tls_like(const tls_like&) = delete;
    tls_like& operator=(const tls_like&) = delete;

    [[nodiscard]] std::string_view cipher() const noexcept override { return "AES-256"; }
    [[nodiscard]] seal_room room(std::size_t clear) const noexcept override
    {
        return {0, tag_size * ((clear + record - 1) / record)};
    }
    [[nodiscard]] bool seal(std::span<char> token) override
    {
        return each_record(token, [&](unsigned char* tag) {
            return EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_GCM_GET_TAG, tag_size, tag) == 1;
        });
    }
    [[nodiscard]] unsealed unseal(std::span<char> token) override
    {
        const bool good = each_record(token, {});
        return {good ? seal_failure::none : seal_failure::bad_mac, token, 0};
    }

private:
    static constexpr std::size_t record = 16 * 1024, tag_size = 16;

    /// `after`: what to do with the tag when sealing; an opener is given it before.
    bool each_record(std::span<char> token, const std::function<bool(unsigned char*)>& after)
    {
        const std::size_t records = (token.size() + record + tag_size - 1) / (record + tag_size);
        auto* at = reinterpret_cast<unsigned char*>(token.data());
        auto* tag = at + token.size() - records * tag_size;
        std::size_t left = token.size() - records * tag_size;
        while (left > 0) {
            const auto size = static_cast<int>(std::min(record, left));
            int out = 0;
            ++nonce_.back();
            if (EVP_CipherInit_ex(context_, nullptr, nullptr, nullptr, nonce_.data(), -1) != 1) return false;
            if (!after && EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_GCM_SET_TAG, tag_size, tag) != 1) return false;
            if (EVP_CipherUpdate(context_, at, &out, at, size) != 1 || EVP_CipherFinal_ex(context_, at, &out) != 1)
                return false;
            if (after && !after(tag)) return false;
            at += size;
            left -= static_cast<std::size_t>(size);
            tag += tag_size;
        }
        return true;
    }

    EVP_CIPHER_CTX* context_;
    std::array<unsigned char, 32> key_{};
    std::array<unsigned char, 12> nonce_{};
};

sealer_pair tls_pair() { return {std::make_unique<tls_like>(true), std::make_unique<tls_like>(false)}; }

void seal(benchmark::State& state, sealer_pair (*make)())
{
    const auto ends = make();
    const auto size = static_cast<std::size_t>(state.range(0));
    const seal_room room = ends.first->room(size);
    std::string token(room.header + size + room.pad, 'm');
    for (auto _ : state) {
        if (!ends.first->seal(token)) state.SkipWithError("refused");
        benchmark::DoNotOptimize(token.data());
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

void open(benchmark::State& state, sealer_pair (*make)())
{
    const auto ends = make();
    const auto size = static_cast<std::size_t>(state.range(0));
    const seal_room room = ends.first->room(size);
    std::string token(room.header + size + room.pad, 'm');
    for (auto _ : state) {
        state.PauseTiming();
        bool good = ends.first->seal(token);
        state.ResumeTiming();
        good = good && ends.second->unseal(token).failed == seal_failure::none;
        if (!good) state.SkipWithError("refused");
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

/// Both ends of a login, without the wire.
void ntlm_login(benchmark::State& state)
{
    const ntlm::challenge_bytes nonce{1, 2, 3};
    const auto hash = ntlm::nt_hash("password");
    for (auto _ : state) {
        ntlm::client_login login;
        login.user = "ada";
        login.domain = "CORP";
        login.nt_hash = hash->clone();
        ntlm::client_context client(std::move(login), {nonce, ntlm::secret_128("sixteen random b")});
        ntlm::server_options options;
        options.nb_computer = "WEB1";
        options.binding = ntlm::binding_policy::none;
        ntlm::server_context server(std::move(options), nonce);
        auto step = server.step(client.step("", 1).token, 1);
        step = server.step(client.step(step.token, 1).token, 1);
        step = server.resume({ntlm::account_answer::kind::nt_hash, hash->clone()});
        if (step.state != ntlm::step_state::done) state.SkipWithError("refused");
        benchmark::DoNotOptimize(client.take_session());
        benchmark::DoNotOptimize(server.take_session());
    }
}
BENCHMARK(ntlm_login);

} // namespace

int main(int argc, char** argv)
{
    using enum krb5::enctype;
    const std::pair<std::string, sealer_pair (*)()> ciphers[] = {
        {"TLS", tls_pair},
        {"NTLM", ntlm_pair},
        {"17", krb5_pair<aes128_cts_hmac_sha1_96>},
        {"18", krb5_pair<aes256_cts_hmac_sha1_96>},
        {"19", krb5_pair<aes128_cts_hmac_sha256_128>},
        {"20", krb5_pair<aes256_cts_hmac_sha384_192>},
        {"23", krb5_pair<rc4_hmac>},
    };
    for (const auto& [name, make] : ciphers) {
        benchmark::RegisterBenchmark(("seal/" + name).c_str(), seal, make)->Arg(1024)->Arg(16 * 1024)->Arg(500'000);
        benchmark::RegisterBenchmark(("open/" + name).c_str(), open, make)->Arg(1024)->Arg(16 * 1024)->Arg(500'000);
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
