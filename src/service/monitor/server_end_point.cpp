#include "service/monitor/server_end_point.h"

#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace winrm::service::monitor {

std::string server_end_point(const std::string& pem)
{
    const std::unique_ptr<BIO, int (*)(BIO*)> in(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                 ::BIO_free);
    const std::unique_ptr<X509, void (*)(X509*)> certificate(
        in ? ::PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr) : nullptr, ::X509_free);
    if (!certificate) return {};
    int digest = NID_undef;
    if (::X509_get_signature_info(certificate.get(), &digest, nullptr, nullptr, nullptr) != 1) digest = NID_undef;
    const EVP_MD* how =
        digest == NID_undef || digest == NID_md5 || digest == NID_sha1 ? nullptr : ::EVP_get_digestbynid(digest);
    if (how == nullptr) how = ::EVP_sha256();
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (::X509_digest(certificate.get(), how, hash, &size) != 1) return {};
    return "tls-server-end-point:" + std::string(reinterpret_cast<const char*>(hash), size);
}

} // namespace winrm::service::monitor
