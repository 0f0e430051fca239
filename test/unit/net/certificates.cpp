#include "certificates.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <unistd.h>

#include <cstdlib>

namespace winrm::test {

struct certificate::impl
{
    X509* x509 = X509_new();
    EVP_PKEY* key = EVP_EC_gen("P-256");
    impl() = default;
    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;
    ~impl()
    {
        X509_free(x509);
        EVP_PKEY_free(key);
    }
};

namespace {

void extend(X509* to, X509* issuer, int nid, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    if (e == nullptr) std::abort();
    X509_add_ext(to, e, -1);
    X509_EXTENSION_free(e);
}

std::string text_of(BIO* b)
{
    char* data = nullptr;
    const long size = BIO_get_mem_data(b, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(b);
    return text;
}

} // namespace

certificate::certificate(const certificate_wish& wish, const certificate* issuer) : impl_(std::make_shared<impl>())
{
    X509* x = impl_->x509;
    X509_set_version(x, X509_VERSION_3);
    std::uint32_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial);
    X509_gmtime_adj(X509_getm_notBefore(x), wish.from);
    X509_gmtime_adj(X509_getm_notAfter(x), wish.until);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1, -1, 0);
    X509* by = issuer != nullptr ? issuer->impl_->x509 : x;
    X509_set_issuer_name(x, X509_get_subject_name(by));
    X509_set_pubkey(x, impl_->key);
    extend(x, by, NID_basic_constraints, wish.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!wish.authority && !wish.names.empty()) extend(x, by, NID_subject_alt_name, wish.names);
    X509_sign(x, issuer != nullptr ? issuer->impl_->key : impl_->key, EVP_sha256());
}

std::string certificate::pem() const
{
    BIO* b = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(b, impl_->x509);
    return text_of(b);
}

base::secret certificate::key_pem() const
{
    BIO* b = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(b, impl_->key, nullptr, nullptr, 0, nullptr, nullptr);
    return base::secret(text_of(b));
}

temporary_file::temporary_file(const std::string& text) : path_("/tmp/winrm-test-XXXXXX")
{
    const int fd = ::mkstemp(path_.data());
    if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
    ::close(fd);
}

temporary_file::~temporary_file() { ::unlink(path_.c_str()); }

} // namespace winrm::test
