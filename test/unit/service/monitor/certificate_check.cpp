#include "service/monitor/certificate_check.h"
#include "service/monitor/test_certificate.h"

#include <gtest/gtest.h>

#include <memory>
#include <openssl/pem.h>

using namespace winrm;
using namespace winrm::service::monitor;

namespace {

std::string locked(const base::secret& key_pem)
{
    const std::unique_ptr<BIO, int (*)(BIO*)> in{
        BIO_new_mem_buf(key_pem.reveal().data(), static_cast<int>(key_pem.reveal().size())), BIO_free};
    const std::unique_ptr<BIO, int (*)(BIO*)> out{BIO_new(BIO_s_mem()), BIO_free};
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key{
        PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
    char phrase[] = "phrase";
    EXPECT_EQ(PEM_write_bio_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_128_cbc(), phrase, 6, nullptr, nullptr), 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

TEST(CertificateCheck, TakesWhatFitsTogetherAndNothingElse)
{
    const auto one = make_test_certificate(), two = make_test_certificate();
    ASSERT_TRUE(one && two);
    const std::time_t now = std::time(nullptr);
    EXPECT_EQ(certificate_problem(one->certificate_pem, one->key_pem, now), "");
    EXPECT_EQ(certificate_problem(one->certificate_pem + one->ca_pem, one->key_pem, now), "");
    EXPECT_NE(certificate_problem(one->certificate_pem, two->key_pem, now).find("belong"), std::string::npos);
    EXPECT_NE(certificate_problem("", one->key_pem, now).find("certificate"), std::string::npos);
    EXPECT_NE(certificate_problem(std::string{one->key_pem.reveal()}, one->key_pem, now).find("certificate"),
              std::string::npos);
    EXPECT_NE(certificate_problem(one->certificate_pem, base::secret{}, now).find("key"), std::string::npos);
    EXPECT_NE(certificate_problem(one->certificate_pem, base::secret{locked(one->key_pem)}, now).find("passphrase"),
              std::string::npos);
}

TEST(CertificateCheck, s21_DerIsNamedWithTheWayOut)
{
    const auto one = make_test_certificate();
    ASSERT_TRUE(one);
    const std::string der = "\x30\x82\x01\x02rubbish";
    const std::time_t now = std::time(nullptr);
    const std::string certificate = certificate_problem(der, one->key_pem, now);
    EXPECT_NE(certificate.find("openssl x509 -inform DER"), std::string::npos) << certificate;
    EXPECT_EQ(certificate.find("certificate"), 0U);
    const std::string key = certificate_problem(one->certificate_pem, base::secret{std::string{der}}, now);
    EXPECT_NE(key.find("openssl pkey -inform DER"), std::string::npos) << key;
    EXPECT_EQ(key.find("key"), 0U);
}

TEST(CertificateCheck, SaysSinceWhenItIsExpired)
{
    const auto made = make_test_certificate();
    ASSERT_TRUE(made);
    const std::string said =
        certificate_problem(made->certificate_pem, made->key_pem, std::time(nullptr) + 50l * 366 * 86'400);
    EXPECT_EQ(said.substr(0, 25), "certificate expired on 20") << said;
    EXPECT_NE(said.find(" UTC"), std::string::npos) << said;
}

} // namespace
