#include "net/trust_file.h"

#include "base/text_encoding.h"
#include "io/small_file.h"

#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace winrm::net {
namespace {

constexpr std::size_t largest_file = 16 * 1024 * 1024; // the bundles of systems have a fraction of one

struct openssl_delete
{
    void operator()(X509* c) const { X509_free(c); }
    void operator()(BIO* b) const { BIO_free(b); }
    void operator()(STACK_OF(X509_INFO) * all) const { sk_X509_INFO_pop_free(all, X509_INFO_free); }
};
template <class T> using owned = std::unique_ptr<T, openssl_delete>;

int no_passphrase(char*, int, int, void*) { return 0; } // never ask the terminal

/// ASN.1's SEQUENCE with a long length begins certificates, PKCS#7 and PKCS#12 in DER, and no text.
bool is_der(base::bytes_view data) { return data.size() > 2 && data[0] == '\x30' && (data[1] & '\x80') != 0; }

/// @return "" or what is wrong
std::string trust_der(X509_STORE* store, base::bytes_view data)
{
    const auto* at = reinterpret_cast<const unsigned char*>(data.data());
    const auto* const end = at + data.size();
    while (at != end) {
        const owned<X509> one(d2i_X509(nullptr, &at, end - at));
        if (!one)
            return "is neither PEM nor a certificate in DER; \"openssl pkcs7 -inform DER -print_certs -in FILE\" makes "
                   "PEM of a .p7b file, \"openssl pkcs12 -nokeys -in FILE\" of a .pfx file";
        if (X509_STORE_add_cert(store, one.get()) != 1) return "holds a certificate that cannot be used";
    }
    return {};
}

std::string trust_pem(X509_STORE* store, base::bytes_view text)
{
    const owned<BIO> in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    const owned<STACK_OF(X509_INFO)> all(PEM_X509_INFO_read_bio(in.get(), nullptr, no_passphrase, nullptr));
    if (!all) {
        const char* words = ERR_reason_error_string(ERR_peek_last_error());
        return std::string("holds PEM that is damaged: copy it anew, or export it once more (") +
               (words != nullptr ? words : "no reason given") + ')';
    }
    int found = 0;
    for (int i = 0; i < sk_X509_INFO_num(all.get()); ++i) {
        const X509_INFO* one = sk_X509_INFO_value(all.get(), i);
        if (one->x509 != nullptr) found += X509_STORE_add_cert(store, one->x509);
        if (one->crl != nullptr) X509_STORE_add_crl(store, one->crl);
    }
    if (found != 0) return {};
    if (text.find("-----BEGIN PKCS7-----") != base::bytes_view::npos)
        return "holds PKCS#7, not certificates: \"openssl pkcs7 -print_certs -in FILE\" takes them out";
    return "holds no certificate: in PEM each begins with -----BEGIN CERTIFICATE-----";
}

} // namespace

result<void> trust_file(SSL_CTX* context, const std::string& path, const std::string& what)
{
    const auto refuse = [&](const std::string& why) { return error(errc::tls, what + ' ' + why); };
    const auto read = io::read_whole_file(path, largest_file);
    if (!read) return refuse(read.error().message());
    if (const auto foreign = base::foreign_encoding(*read); !foreign.empty())
        return refuse("holds " + std::string(foreign));
    X509_STORE* store = SSL_CTX_get_cert_store(context);
    ERR_clear_error();
    const std::string wrong = is_der(*read) ? trust_der(store, *read) : trust_pem(store, base::without_mark(*read));
    ERR_clear_error();
    if (!wrong.empty()) return refuse(wrong);
    return {};
}

} // namespace winrm::net
