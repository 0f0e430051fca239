#include "service/monitor/end_point.h"

#include "crypto/server_end_point.h"

#include <memory>
#include <openssl/pem.h>

namespace winrm::service::monitor {

std::string end_point_of(const std::string& pem)
{
    const std::unique_ptr<BIO, int (*)(BIO*)> in(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                 ::BIO_free);
    unsigned char* der = nullptr;
    long size = 0;
    if (!in || ::PEM_bytes_read_bio(&der, &size, nullptr, PEM_STRING_X509, in.get(), nullptr, nullptr) != 1) return {};
    std::string out = crypto::server_end_point({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    ::OPENSSL_free(der);
    return out;
}

} // namespace winrm::service::monitor
