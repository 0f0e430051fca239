#include "wsman/identify.h"

#include <gtest/gtest.h>

using namespace winrm;

TEST(identify, request_needs_no_headers)
{
    const auto read = wsman::read_request(wsman::write_identify(), base::limits{});
    ASSERT_TRUE(std::holds_alternative<wsman::incoming_request>(read));
    EXPECT_TRUE(std::get<wsman::incoming_request>(read).is_identify());
    const auto bare =
        wsman::read_request("<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body>"
                            "<i:Identify xmlns:i='http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd'/>"
                            "</s:Body></s:Envelope>",
                            base::limits{});
    ASSERT_TRUE(std::holds_alternative<wsman::incoming_request>(bare));
    EXPECT_TRUE(std::get<wsman::incoming_request>(bare).is_identify());
    const auto other = wsman::read_request("<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body>"
                                           "<i:Identify xmlns:i='urn:other'/></s:Body></s:Envelope>",
                                           base::limits{});
    EXPECT_TRUE(std::holds_alternative<wsman::rejected_request>(other));
}

TEST(identify, reply_comes_back)
{
    const wsman::identity id{"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
                             "A & B",
                             "OS: 0.0.0 SP: 0.0 Stack: 3.0",
                             {"urn:one", "urn:two"}};
    const auto e = soap::envelope::parse(wsman::write_identify_reply(id), base::limits{});
    ASSERT_TRUE(e);
    const auto read = wsman::read_identify_reply(*e);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->protocol_version, id.protocol_version);
    EXPECT_EQ(read->product_vendor, id.product_vendor);
    EXPECT_EQ(read->product_version, id.product_version);
    EXPECT_EQ(read->security_profiles, id.security_profiles);
    wsman::identity anonymous = id;
    anonymous.security_profiles.clear();
    EXPECT_EQ(wsman::write_identify_reply(anonymous).find("SecurityProfile"), std::string::npos);
}

TEST(identify, another_answer_is_an_error)
{
    const auto e = soap::envelope::parse(wsman::write_identify(), base::limits{});
    ASSERT_TRUE(e);
    EXPECT_EQ(wsman::read_identify_reply(*e).error().code(), errc::protocol);
}
