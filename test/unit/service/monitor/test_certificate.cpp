#include "service/monitor/test_certificate.h"

#include <gtest/gtest.h>

using namespace winrm::service::monitor;

TEST(TestCertificate, IsThreePiecesOfPem)
{
    auto made = make_test_certificate();
    ASSERT_TRUE(made);
    EXPECT_EQ(made->ca_pem.rfind("-----BEGIN CERTIFICATE-----", 0), 0u);
    EXPECT_EQ(made->certificate_pem.rfind("-----BEGIN CERTIFICATE-----", 0), 0u);
    EXPECT_EQ(made->key_pem.reveal().rfind("-----BEGIN PRIVATE KEY-----", 0), 0u);
    EXPECT_NE(made->ca_pem, made->certificate_pem);
}

TEST(TestCertificate, PasswordsDiffer)
{
    auto a = random_password(16), b = random_password(16);
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->reveal().size(), 32u);
    EXPECT_NE(a->reveal(), b->reveal());
}
