#include "crypto/server_end_point.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <memory>

namespace winrm::crypto {

base::bytes server_end_point(base::bytes_view der)
{
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<X509, void (*)(X509*)> certificate(::d2i_X509(nullptr, &at, static_cast<long>(der.size())),
                                                             ::X509_free);
    if (!certificate) return {};
    int digest = NID_undef;
    if (::X509_get_signature_info(certificate.get(), &digest, nullptr, nullptr, nullptr) != 1) digest = NID_undef;
    const bool weak = digest == NID_undef || digest == NID_md5 || digest == NID_sha1;
    const EVP_MD* how = weak ? nullptr : ::EVP_get_digestbynid(digest);
    if (how == nullptr) how = ::EVP_sha256();
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned size = 0;
    if (::X509_digest(certificate.get(), how, hash.data(), &size) != 1) return {};
    return "tls-server-end-point:" + base::bytes(reinterpret_cast<const char*>(hash.data()), size);
}

} // namespace winrm::crypto
