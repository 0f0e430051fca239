// A million sealed messages under the keys of one login: the heap stays as it was, OpenSSL's share included, and the
// sequence numbers go on (MS-WSMV 2.2.9.1; RFC 4121 4.2.2; MS-NLMP 3.4.4). What is allocated is counted, so the result
// is the same under sanitizers and on a slow machine.
#include "http/client_connection.h"
#include "http/sealing.h"
#include "http/server_connection.h"

#include "auth/login/sealing.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

struct heap_use
{
    std::size_t blocks = 0, bytes = 0;
};
heap_use heap; // one thread

void* counted(void* block)
{
    if (block == nullptr) return nullptr;
    ++heap.blocks;
    heap.bytes += ::malloc_usable_size(block);
    return block;
}

void uncounted(void* block)
{
    if (block == nullptr) return;
    --heap.blocks;
    heap.bytes -= ::malloc_usable_size(block);
}

void* counted_malloc(std::size_t size, const char*, int) { return size == 0 ? nullptr : counted(std::malloc(size)); }

void counted_free(void* block, const char*, int)
{
    uncounted(block);
    std::free(block);
}

void* counted_realloc(void* block, std::size_t size, const char* file, int line)
{
    if (size == 0) {
        counted_free(block, file, line);
        return nullptr;
    }
    uncounted(block);
    void* const moved = std::realloc(block, size);
    if (moved == nullptr) std::abort();
    return counted(moved);
}

/// OpenSSL takes them only before it has allocated anything.
const bool openssl_counted = CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) == 1;

} // namespace

void* operator new(std::size_t size)
{
    void* const block = std::malloc(std::max<std::size_t>(size, 1));
    if (block == nullptr) throw std::bad_alloc();
    return counted(block);
}
void operator delete(void* block) noexcept { counted_free(block, nullptr, 0); }
void operator delete(void* block, std::size_t) noexcept { counted_free(block, nullptr, 0); }

namespace winrm::http {
namespace {

constexpr std::size_t limit = 512'000;
constexpr std::size_t warm_up = 1'000;
constexpr std::uint64_t bits_20 = std::uint64_t{1} << 20, bits_32 = std::uint64_t{1} << 32;
const std::string soap = "application/soap+xml;charset=UTF-8";

enum class keys { ntlm, aes_sha1, aes_sha2, arcfour };

std::int32_t enctype_of(keys kind)
{
    if (kind == keys::arcfour) return 23;
    return kind == keys::aes_sha2 ? 20 : 18;
}

/// @param first  sequence number of the first message of each direction; NTLM always begins with 0.
std::unique_ptr<auth::message_sealer> make_keys(keys kind, bool client, std::uint64_t first = 0)
{
    const auth::random_source random = [n = 0](std::span<unsigned char> out) mutable {
        std::fill(out.begin(), out.end(), static_cast<unsigned char>(++n));
    };
    if (kind == keys::ntlm) {
        auth::ntlm::session_keys values;
        values.session_key = auth::ntlm::secret_128("0123456789abcdef");
        values.agreed = auth::ntlm::protection::sealing;
        values.key_exchange = true;
        return auth::make_sealer(auth::pack(values, client ? auth::ntlm::role::client : auth::ntlm::role::server),
                                 random);
    }
    auth::krb5::context_values values;
    values.protocol = kind == keys::arcfour ? 0 : 1;
    values.enctype = enctype_of(kind);
    values.key = base::secret(std::string(kind == keys::arcfour ? 16 : 32, 'k'));
    values.acceptor_subkey = kind != keys::arcfour;
    values.own = client ? auth::krb5::role::initiator : auth::krb5::role::acceptor;
    values.send_sequence = values.receive_sequence = first;
    return auth::make_sealer(auth::pack(values), random);
}

/// Seals and opens in one buffer. @return false at the first message that does not come out as it went in.
bool pass(auth::message_sealer& from, auth::message_sealer& to, base::bytes& token, base::bytes_view text)
{
    const auth::seal_room room = from.room(text.size());
    token.assign(room.header, '\0').append(text).append(room.pad, '\0');
    if (!from.seal(token)) return false;
    const auth::unsealed got = to.unseal(token);
    return got.failed == auth::seal_failure::none && std::ranges::equal(got.clear, text);
}

/// Four requests for each answer.
void pass_many(keys kind, std::uint64_t first, std::uint64_t count)
{
    const auto client = make_keys(kind, true, first), service = make_keys(kind, false, first);
    ASSERT_TRUE(client && service);
    base::bytes token;
    token.reserve(1024);
    heap_use before;
    for (std::uint64_t i = 0; i < count; ++i) {
        if (i == warm_up) before = heap;
        ASSERT_TRUE(pass(*client, *service, token, "<a/>")) << "request " << i;
        if (i % 4 != 0) continue;
        ASSERT_TRUE(pass(*service, *client, token, "<re:a/>")) << "answer after " << i;
    }
    EXPECT_EQ(heap.blocks, before.blocks);
    EXPECT_EQ(heap.bytes, before.bytes);
}

TEST(sealed_million, the_library_below_is_counted_too) { EXPECT_TRUE(openssl_counted); }

/// NTLM's numbers begin with 0.
TEST(sealed_million, NTLM_beyond_2_to_the_20) { pass_many(keys::ntlm, 0, bits_20 + 64); }

/// MIT's numbers begin anywhere below 2^30, and RFC 4121 has 64 bits: they do not wrap at 32.
TEST(sealed_million, Kerberos_AES_SHA1_beyond_2_to_the_32) { pass_many(keys::aes_sha1, bits_32 - 150'000, 300'000); }

TEST(sealed_million, Kerberos_AES_SHA2_beyond_2_to_the_20) { pass_many(keys::aes_sha2, bits_20 - 150'000, 300'000); }

TEST(sealed_million, Kerberos_RC4_beyond_2_to_the_20) { pass_many(keys::arcfour, bits_20 - 5'000, 10'000); }

TEST(sealed_million, sealed_bodies_in_their_frames)
{
    for (const keys kind : {keys::ntlm, keys::aes_sha1, keys::aes_sha2, keys::arcfour}) {
        sealing client(make_keys(kind, true), sealed_protocol::spnego, limit);
        sealing service(make_keys(kind, false), sealed_protocol::spnego, limit);
        heap_use before;
        for (std::size_t i = 0; i < 8 * warm_up; ++i) {
            if (i == warm_up) before = heap;
            auth::message m{std::string(i % 3'000, 'x'), soap};
            sealing& from = i % 2 == 0 ? client : service;
            sealing& to = i % 2 == 0 ? service : client;
            ASSERT_TRUE(from.seal(m) && to.unseal(m)) << i;
            ASSERT_EQ(m.body.size(), i % 3'000);
        }
        EXPECT_EQ(heap.blocks, before.blocks);
        EXPECT_EQ(heap.bytes, before.bytes);
    }
}

/// One token, then the keys.
class keyed_login final : public auth::client_login
{
public:
    explicit keyed_login(keys kind) : seal_(make_keys(kind, true), sealed_protocol::spnego, limit) {}
    [[nodiscard]] base::bytes_view scheme() const noexcept override { return "Negotiate"; }
    [[nodiscard]] auth::leg step(base::bytes_view) override { return {auth::leg_state::done, "token", {}}; }
    [[nodiscard]] bool seals() const noexcept override { return true; }
    [[nodiscard]] bool seal(auth::message& m) override { return seal_.seal(m); }
    [[nodiscard]] bool unseal(auth::message& m) override { return seal_.unseal(m); }

private:
    sealing seal_;
};

/// Whole exchanges between the two ends, in memory.
class conversation
{
public:
    explicit conversation(keys kind)
        : kind_(kind), client_(options_for(kind), {}), service_(negotiating(), {}, digest_, base::time_point{})
    {}

    /// @return the answer's body; empty: there was none.
    std::string ask(std::string body)
    {
        client_.start(std::move(body), soap);
        for (;;) {
            if (auto got = client_.poll()) return *got && (*got)->status == 200 ? std::move((*got)->body) : "";
            if (!move()) return {};
        }
    }
    [[nodiscard]] int logins() const { return logins_; }

private:
    static client_options options_for(keys kind)
    {
        client_options o;
        o.host = "h";
        o.login = std::make_shared<keyed_login>(kind);
        return o;
    }

    static server_options negotiating()
    {
        server_options o;
        o.token_schemes = {"Negotiate"};
        return o;
    }

    bool move()
    {
        bool moved = false;
        if (const auto out = client_.output(); !out.empty()) {
            service_.received(out, {});
            client_.written(out.size());
            moved = true;
        }
        while (auto event = service_.poll()) {
            moved = true;
            if (std::holds_alternative<login_wanted>(*event)) {
                ++logins_;
                service_.login_answered(
                    auth::login_verdict::accepted, {}, {},
                    std::make_unique<sealing>(make_keys(kind_, false), sealed_protocol::spnego, limit));
            } else if (auto* request = std::get_if<request_arrived>(&*event)) {
                service_.respond(200, "<re>" + request->body + "</re>", soap, {});
            }
        }
        if (const auto out = service_.output(); !out.empty()) {
            client_.received(out);
            service_.written(out.size(), {});
            moved = true;
        }
        return moved;
    }

    keys kind_;
    crypto::keyed_digest digest_;
    client_connection client_;
    server_connection service_;
    int logins_ = 0;
};

TEST(sealed_million, exchanges_of_one_connection)
{
    for (const keys kind : {keys::ntlm, keys::aes_sha1, keys::aes_sha2}) {
        conversation both(kind);
        heap_use before;
        for (std::size_t i = 0; i < 3 * warm_up; ++i) {
            if (i == warm_up) before = heap;
            const std::string body(1 + i % warm_up * 40, 'x');
            ASSERT_EQ(both.ask(body), "<re>" + body + "</re>") << i;
        }
        EXPECT_EQ(heap.blocks, before.blocks);
        EXPECT_EQ(heap.bytes, before.bytes);
        EXPECT_EQ(both.logins(), 1);
    }
}

} // namespace
} // namespace winrm::http
