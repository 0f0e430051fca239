#include "service/front/identify_text.h"

#include <gtest/gtest.h>

namespace winrm::service::front {
namespace {

TEST(identify_text, tells_protocol_vendor_and_version)
{
    EXPECT_EQ(identify_text("OpenWinRM", "0.1.0"),
              "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
              "xmlns:wsmid=\"http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd\"><s:Header/><s:Body>"
              "<wsmid:IdentifyResponse>"
              "<wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</wsmid:ProtocolVersion>"
              "<wsmid:ProductVendor>OpenWinRM</wsmid:ProductVendor>"
              "<wsmid:ProductVersion>0.1.0</wsmid:ProductVersion>"
              "</wsmid:IdentifyResponse></s:Body></s:Envelope>");
}

TEST(identify_text, escapes_what_the_configuration_says)
{
    const std::string text = identify_text("A&B <\"x\">]]>\x01", "\xff\xfe");
    EXPECT_NE(text.find(">A&amp;B &lt;\"x\"&gt;]]&gt;?<"), std::string::npos);
    EXPECT_NE(text.find("<wsmid:ProductVersion>?</wsmid:ProductVersion>"), std::string::npos);
}

} // namespace
} // namespace winrm::service::front
