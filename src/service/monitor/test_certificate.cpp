#include "service/monitor/test_certificate.h"

#include <memory>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace winrm::service::monitor {
namespace {

struct free_openssl
{
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(BIO* p) const { BIO_free(p); }
    void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
template <class T> using owned = std::unique_ptr<T, free_openssl>;

bool extend(X509* certificate, X509* issuer, int kind, const char* value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const owned<X509_EXTENSION> extension{X509V3_EXT_conf_nid(nullptr, &context, kind, value)};
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

/// Everything but extensions and signature.
owned<X509> blank(EVP_PKEY* key, const char* name, X509* issuer)
{
    owned<X509> out{X509_new()};
    unsigned char serial[8];
    if (!out || RAND_bytes(serial, sizeof serial) != 1) return nullptr;
    std::uint64_t number = 0;
    for (const unsigned char byte : serial) number = number << 8 | byte;
    constexpr long hour = 3600, week = 7 * 24 * hour;
    X509_NAME* subject = X509_get_subject_name(out.get());
    const auto* text = reinterpret_cast<const unsigned char*>(name);
    const bool made = X509_set_version(out.get(), X509_VERSION_3) == 1 &&
                      ASN1_INTEGER_set_uint64(X509_get_serialNumber(out.get()), number >> 1) == 1 &&
                      X509_gmtime_adj(X509_getm_notBefore(out.get()), -hour) != nullptr &&
                      X509_gmtime_adj(X509_getm_notAfter(out.get()), week) != nullptr &&
                      X509_set_pubkey(out.get(), key) == 1 &&
                      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1 &&
                      X509_set_issuer_name(out.get(), issuer ? X509_get_subject_name(issuer) : subject) == 1;
    return made ? std::move(out) : nullptr;
}

template <class Write> std::string pem(Write&& write)
{
    const owned<BIO> memory{BIO_new(BIO_s_mem())};
    if (!memory || write(memory.get()) != 1) return {};
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
}

} // namespace

result<test_certificate> make_test_certificate()
{
    const winrm::error refused{errc::internal, "OpenSSL made no throw-away certificate"};
    const owned<EVP_PKEY> ca_key{EVP_EC_gen("P-256")}, key{EVP_EC_gen("P-256")};
    if (!ca_key || !key) return refused;
    const owned<X509> ca = blank(ca_key.get(), "winrmd test authority", nullptr);
    if (!ca || !extend(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !extend(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !extend(ca.get(), ca.get(), NID_subject_key_identifier, "hash") ||
        X509_sign(ca.get(), ca_key.get(), EVP_sha256()) == 0)
        return refused;
    const owned<X509> server = blank(key.get(), "localhost", ca.get());
    if (!server || !extend(server.get(), ca.get(), NID_basic_constraints, "critical,CA:FALSE") ||
        !extend(server.get(), ca.get(), NID_key_usage, "critical,digitalSignature") ||
        !extend(server.get(), ca.get(), NID_ext_key_usage, "serverAuth") ||
        !extend(server.get(), ca.get(), NID_subject_key_identifier, "hash") ||
        !extend(server.get(), ca.get(), NID_authority_key_identifier, "keyid:always") ||
        !extend(server.get(), ca.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") ||
        X509_sign(server.get(), ca_key.get(), EVP_sha256()) == 0)
        return refused;
    test_certificate out;
    out.ca_pem = pem([&](BIO* b) { return PEM_write_bio_X509(b, ca.get()); });
    out.certificate_pem = pem([&](BIO* b) { return PEM_write_bio_X509(b, server.get()); });
    out.key_pem = base::secret{
        pem([&](BIO* b) { return PEM_write_bio_PrivateKey(b, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
    if (out.ca_pem.empty() || out.certificate_pem.empty() || out.key_pem.empty()) return refused;
    return out;
}

result<base::secret> random_password(std::size_t bytes)
{
    std::string raw(bytes, '\0'), text;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(raw.size())) != 1)
        return winrm::error{errc::internal, "the system has no randomness"};
    for (const char c : raw) {
        text += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
        text += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    base::wipe(raw.data(), raw.size());
    return base::secret{std::move(text)};
}

} // namespace winrm::service::monitor
