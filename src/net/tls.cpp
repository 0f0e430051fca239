#include "net/tls.h"

#include "base/text.h"
#include "crypto/server_end_point.h"
#include "net/tls_bio.h"
#include "net/tls_verify.h"
#include "net/trust_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <optional>

namespace winrm::net {

namespace {

constexpr std::size_t most_early = 4 * 1024 * 1024; // clear bytes that may wait for the handshake
constexpr std::size_t record = 16 * 1024;           // clear bytes of one TLS record at most

struct context_delete
{
    void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
};
struct ssl_delete
{
    void operator()(SSL* s) const { SSL_free(s); }
};
struct bio_delete
{
    void operator()(BIO* b) const { BIO_free(b); }
};
struct certificate_delete
{
    void operator()(X509* c) const { X509_free(c); }
};
struct key_delete
{
    void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
};

/// OpenSSL's words for the first thing in its queue, and empties the queue.
std::string library_words()
{
    const unsigned long code = ERR_peek_error();
    const char* words = ERR_reason_error_string(code);
    std::string text = words != nullptr ? words : "unknown reason";
    ERR_clear_error();
    return text;
}

error tls_error(const std::string& what) { return error(errc::tls, what + ": " + library_words()); }

void common_settings(SSL_CTX* c)
{
    if (SSL_CTX_get_min_proto_version(c) < TLS1_2_VERSION) SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
    SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
}

int no_passphrase(char*, int, int, void*) { return 0; } // never ask the terminal

std::unique_ptr<BIO, bio_delete> memory(base::bytes_view text)
{
    return std::unique_ptr<BIO, bio_delete>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

result<void> use_chain(SSL_CTX* c, base::bytes_view pem)
{
    const auto in = memory(pem);
    std::unique_ptr<X509, certificate_delete> leaf(PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr));
    if (!leaf) return tls_error("the certificate is not readable as PEM");
    if (SSL_CTX_use_certificate(c, leaf.get()) != 1) return tls_error("the certificate cannot be used");
    while (X509* more = PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr))
        if (SSL_CTX_add0_chain_cert(c, more) != 1) {
            X509_free(more);
            return tls_error("a certificate of the chain cannot be used");
        }
    ERR_clear_error(); // the end of the text
    return {};
}

/// Alerts that have a cause and a remedy of their own; empty for the others. Only a host is told what to change there.
std::string meaning_of_alert(int alert, bool from_host)
{
    if (!from_host) return {};
    if (alert == SSL_AD_PROTOCOL_VERSION)
        return "the host takes none of the versions of TLS that are allowed here (1.2 and 1.3, unless openssl.cnf says "
               "otherwise): switch TLS 1.2 or 1.3 on there";
    if (alert == SSL_AD_CERTIFICATE_REQUIRED)
        return "the host wants a client certificate, and logging in with one is not available yet: let it take "
               "clients without one on this port, or ask on another port";
    return {};
}

} // namespace

// ---- context

struct tls_context::impl
{
    std::unique_ptr<SSL_CTX, context_delete> context;
    bool server = false, verify = true;
};

tls_context::tls_context() : impl_(std::make_shared<impl>()) {}
tls_context::tls_context(const tls_context&) noexcept = default;
tls_context::tls_context(tls_context&&) noexcept = default;
tls_context& tls_context::operator=(const tls_context&) noexcept = default;
tls_context& tls_context::operator=(tls_context&&) noexcept = default;
tls_context::~tls_context() = default;

std::string trust_version(const tls_client_options& options)
{
    if (!options.verify) return {};
    const char* system = options.ca_file.empty() ? std::getenv("SSL_CERT_FILE") : nullptr;
    std::string text = options.ca_file.empty() && system != nullptr ? system : options.ca_file;
    struct stat about
    {};
    if (text.empty() || ::stat(text.c_str(), &about) != 0) return text;
    for (const auto part : {static_cast<std::int64_t>(about.st_dev), static_cast<std::int64_t>(about.st_ino),
                            static_cast<std::int64_t>(about.st_size), static_cast<std::int64_t>(about.st_mtim.tv_sec),
                            static_cast<std::int64_t>(about.st_mtim.tv_nsec)})
        text += ' ' + std::to_string(part);
    return text;
}

result<tls_context> tls_context::client(const tls_client_options& options)
{
    tls_context made;
    made.impl_->context.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* c = made.impl_->context.get();
    if (c == nullptr) return tls_error("TLS cannot be set up");
    common_settings(c);
    made.impl_->verify = options.verify;
    if (!options.verify) return made;
    if (!options.ca_file.empty()) {
        const std::string what = "the file of certificate authorities " + base::printable(options.ca_file, 300);
        if (auto trusted = trust_file(c, options.ca_file, what); !trusted) return std::move(trusted).error();
        // What the user names is trusted as it stands: an intermediate authority, or the certificate of one host,
        // needs no root beside it. Name and dates are checked all the same.
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(c), X509_V_FLAG_PARTIAL_CHAIN);
        return made;
    }
    // The directory is read per certificate looked for; the system's bundle file would cost tens of milliseconds.
    if (SSL_CTX_set_default_verify_dir(c) != 1) return tls_error("the system's certificate authorities cannot be used");
    if (const char* file = std::getenv("SSL_CERT_FILE"); file != nullptr) {
        const std::string what = "the file " + base::printable(file, 300) + " that SSL_CERT_FILE names";
        if (auto trusted = trust_file(c, file, what); !trusted) return std::move(trusted).error();
    }
    return made;
}

result<tls_context> tls_context::server(base::bytes_view certificate_pem, const base::secret& key_pem)
{
    tls_context made;
    made.impl_->context.reset(SSL_CTX_new(TLS_server_method()));
    made.impl_->server = true;
    SSL_CTX* c = made.impl_->context.get();
    if (c == nullptr) return tls_error("TLS cannot be set up");
    common_settings(c);
    SSL_CTX_set_options(c, SSL_OP_CLEANSE_PLAINTEXT); // a login may be among what clients send
    SSL_CTX_set_num_tickets(c, 1);
    SSL_CTX_set_options(c, SSL_OP_CIPHER_SERVER_PREFERENCE);
    if (auto chain = use_chain(c, certificate_pem); !chain) return std::move(chain).error();
    const auto in = memory(key_pem.reveal());
    const std::unique_ptr<EVP_PKEY, key_delete> key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
    if (!key) return tls_error("the private key is not readable as PEM without a passphrase");
    if (SSL_CTX_use_PrivateKey(c, key.get()) != 1 || SSL_CTX_check_private_key(c) != 1)
        return tls_error("the private key does not belong to the certificate");
    return made;
}

// ---- session

struct tls_session::impl
{
    result<void> handshake();
    result<void> flush_early();
    result<void> seal(base::bytes_view clear);
    error explain(int rc);

    tls_wire wire;
    std::string host;
    std::optional<certificate_verdict> verdict;
    std::unique_ptr<SSL, ssl_delete> ssl; ///< goes before what it points to
    base::bytes early;
    std::optional<error> dead; ///< after a failure every call says the same
};

tls_session::tls_session(const tls_context& context, const std::string& server_name) : impl_(std::make_unique<impl>())
{
    const auto& from = context.get();
    impl_->host = server_name;
    ERR_clear_error();
    impl_->ssl.reset(SSL_new(from.context.get()));
    BIO* bio = impl_->ssl ? make_wire_bio(impl_->wire) : nullptr;
    if (bio == nullptr) {
        impl_->dead = tls_error("TLS cannot be set up");
        return;
    }
    SSL* ssl = impl_->ssl.get();
    SSL_set_bio(ssl, bio, bio); // owned by ssl
    if (from.server) {
        SSL_set_accept_state(ssl);
        return;
    }
    SSL_set_connect_state(ssl);
    if (!server_name.empty() && !is_address(server_name)) {
        const bool dot = server_name.back() == '.'; // RFC 6066 section 3: without trailing dot
        std::string name = server_name.substr(0, server_name.size() - (dot ? 1 : 0));
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
    }
    if (from.verify && !verify_host(ssl, server_name, impl_->verdict))
        impl_->dead = error(errc::bad_target, "no certificate can be made out to this host name");
}

tls_session::tls_session(tls_session&&) noexcept = default;
tls_session::~tls_session() = default;

error tls_session::impl::explain(int rc)
{
    const bool in_handshake = SSL_is_init_finished(ssl.get()) == 0;
    if (verdict) {
        ERR_clear_error();
        return to_error(*verdict, host);
    }
    const unsigned long code = ERR_peek_error();
    const int reason = ERR_GET_REASON(code);
    ERR_clear_error();
    const std::string who = host.empty() ? "the client" : "the host";
    if (code == 0)
        return error(errc::tls, "TLS with " + who + " failed (" + std::to_string(SSL_get_error(ssl.get(), rc)) + ")");
    if (reason >= SSL_AD_REASON_OFFSET) {
        const int alert = reason - SSL_AD_REASON_OFFSET;
        if (auto known = meaning_of_alert(alert, !host.empty()); !known.empty()) return {errc::tls, std::move(known)};
        return error(errc::tls, who + " broke off TLS with the alert \"" + SSL_alert_desc_string_long(alert) + "\"");
    }
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_UNEXPECTED_MESSAGE:
        if (in_handshake)
            return error(errc::tls, who + " does not speak TLS on this port (is it the plain HTTP port, 5985?)");
        break;
    case SSL_R_UNSUPPORTED_PROTOCOL:
        return error(errc::tls, who + " speaks only versions of TLS older than 1.2, which are not safe" +
                                    (host.empty() ? "" : ": switch TLS 1.2 or 1.3 on there"));
    default: break;
    }
    const char* words = ERR_reason_error_string(code);
    return error(errc::tls, "TLS with " + who + " failed: " + (words != nullptr ? words : "unknown reason"));
}

result<void> tls_session::impl::handshake()
{
    if (dead) return *dead;
    if (SSL_is_init_finished(ssl.get()) != 0) return {};
    ERR_clear_error();
    const int rc = SSL_do_handshake(ssl.get());
    if (rc == 1) return flush_early();
    if (SSL_get_error(ssl.get(), rc) == SSL_ERROR_WANT_READ) return {};
    dead = explain(rc);
    return *dead;
}

result<void> tls_session::impl::flush_early()
{
    if (early.empty()) return {};
    base::bytes waited = std::exchange(early, {});
    auto sealed = seal(waited);
    base::wipe(waited.data(), waited.size());
    return sealed;
}

result<void> tls_session::impl::seal(base::bytes_view clear)
{
    ERR_clear_error();
    while (!clear.empty()) { // a whole call goes out at once: the wire takes everything
        std::size_t put = 0;
        if (SSL_write_ex(ssl.get(), clear.data(), clear.size(), &put) != 1) {
            dead = explain(0);
            return *dead;
        }
        clear.remove_prefix(put);
    }
    return {};
}

result<void> tls_session::start() { return impl_->handshake(); }

result<void> tls_session::received(base::bytes_view cipher, base::bytes& clear)
{
    if (impl_->dead) return *impl_->dead;
    impl_->wire.in = cipher;
    auto shaken = impl_->handshake();
    if (!shaken || !handshake_done()) {
        impl_->wire.in = {};
        return shaken;
    }
    static thread_local std::array<char, record> buffer;
    result<void> out;
    for (;;) {
        ERR_clear_error();
        std::size_t got = 0;
        const int rc = SSL_read_ex(impl_->ssl.get(), buffer.data(), buffer.size(), &got);
        if (rc == 1) {
            clear.append(buffer.data(), got);
            base::wipe(buffer.data(), got);
            continue;
        }
        const int why = SSL_get_error(impl_->ssl.get(), rc);
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_ZERO_RETURN) break;
        impl_->dead = impl_->explain(rc);
        out = *impl_->dead;
        break;
    }
    impl_->wire.in = {};
    return out;
}

result<void> tls_session::send(base::bytes_view clear)
{
    if (impl_->dead) return *impl_->dead;
    if (handshake_done()) return impl_->seal(clear);
    if (impl_->early.size() + clear.size() > most_early)
        return error(errc::too_large, "more than 4 MB wait for the TLS handshake");
    impl_->early.append(clear);
    return {};
}

base::bytes tls_session::take_output() { return std::exchange(impl_->wire.out, {}); }
bool tls_session::has_output() const noexcept { return !impl_->wire.out.empty(); }
bool tls_session::handshake_done() const noexcept { return impl_->ssl && SSL_is_init_finished(impl_->ssl.get()) != 0; }
bool tls_session::peer_closed() const noexcept
{
    return impl_->ssl && (SSL_get_shutdown(impl_->ssl.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void tls_session::close()
{
    if (impl_->dead || !handshake_done()) return;
    ERR_clear_error();
    SSL_shutdown(impl_->ssl.get());
    ERR_clear_error();
}

base::bytes tls_session::channel_binding() const
{
    if (!handshake_done()) return {};
    const X509* peer = SSL_get0_peer_certificate(impl_->ssl.get());
    unsigned char* der = nullptr;
    const int size = peer != nullptr ? i2d_X509(peer, &der) : 0;
    if (size <= 0) return {};
    auto name = crypto::server_end_point({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return name;
}

std::string tls_session::description() const
{
    if (!handshake_done()) return {};
    return std::string(SSL_get_version(impl_->ssl.get())) + ' ' + SSL_get_cipher_name(impl_->ssl.get());
}

} // namespace winrm::net
