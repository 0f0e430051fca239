#include "service/monitor/end_point.h"

#include "service/monitor/test_certificate.h"

#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace winrm::service::monitor {
namespace {

/// Our test certificate is signed with SHA-256.
TEST(end_point, is_the_hash_of_the_first_certificate)
{
    const auto made = make_test_certificate();
    ASSERT_TRUE(made);
    BIO* in = ::BIO_new_mem_buf(made->certificate_pem.data(), static_cast<int>(made->certificate_pem.size()));
    X509* certificate = ::PEM_read_bio_X509(in, nullptr, nullptr, nullptr);
    ASSERT_NE(certificate, nullptr);
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ASSERT_EQ(::X509_digest(certificate, ::EVP_sha256(), hash, &size), 1);
    const std::string expected = "tls-server-end-point:" + std::string(reinterpret_cast<const char*>(hash), size);
    EXPECT_EQ(end_point_of(made->certificate_pem), expected);
    EXPECT_EQ(end_point_of(made->certificate_pem + made->ca_pem), expected);
    EXPECT_NE(end_point_of(made->ca_pem), expected);
    EXPECT_EQ(end_point_of(""), "");
    EXPECT_EQ(end_point_of("nonsense"), "");
    ::X509_free(certificate);
    ::BIO_free(in);
}

} // namespace
} // namespace winrm::service::monitor
