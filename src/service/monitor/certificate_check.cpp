#include "service/monitor/certificate_check.h"

#include <memory>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace winrm::service::monitor {
namespace {

struct free_openssl
{
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(BIO* p) const { BIO_free(p); }
};
template <class T> using owned = std::unique_ptr<T, free_openssl>;

owned<BIO> reading(base::bytes_view text)
{
    return owned<BIO>{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// ASN.1's SEQUENCE with a long length begins certificates, keys and PKCS#12 in DER, and no text.
bool is_der(base::bytes_view data) { return data.size() > 2 && data[0] == '\x30' && (data[1] & '\x80') != 0; }

/// A service cannot ask for a passphrase; without this OpenSSL would prompt on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

} // namespace

std::string certificate_problem(const std::string& certificate_pem, const base::secret& key_pem, std::time_t now)
{
    const auto problem = [](const char* what) {
        ERR_clear_error();
        return std::string{what};
    };
    const auto certificate_text = reading(certificate_pem), key_text = reading(key_pem.reveal());
    if (!certificate_text || !key_text) return problem("OpenSSL has no memory to read certificate and key");
    const owned<X509> certificate{PEM_read_bio_X509(certificate_text.get(), nullptr, no_passphrase, nullptr)};
    if (!certificate && is_der(certificate_pem))
        return problem(
            "certificate is not PEM but DER, as Windows' .cer files are: openssl x509 -inform DER -in FILE makes "
            "PEM of it (of a .pfx file: openssl pkcs12 -nokeys -in FILE)");
    if (!certificate) return problem("certificate is not a PEM certificate");
    const owned<EVP_PKEY> key{PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_passphrase, nullptr)};
    if (!key && is_der(key_pem.reveal()))
        return problem(
            "key is not PEM but DER: openssl pkey -inform DER -in FILE makes PEM of it (of a .pfx file: openssl "
            "pkcs12 -nocerts -nodes -in FILE)");
    if (!key) return problem("key is not a PEM private key without passphrase");
    if (X509_check_private_key(certificate.get(), key.get()) != 1)
        return problem("key does not belong to the certificate");
    const ASN1_TIME* end = X509_get0_notAfter(certificate.get());
    if (X509_cmp_time(end, &now) < 0) {
        std::tm when{};
        char shown[40] = "";
        if (ASN1_TIME_to_tm(end, &when) == 1) std::strftime(shown, sizeof shown, " on %Y-%m-%d at %H:%M:%S UTC", &when);
        return problem(("certificate expired" + std::string{shown} + ": no client would trust it; renew it").c_str());
    }
    return {};
}

} // namespace winrm::service::monitor
