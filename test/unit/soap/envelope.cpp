#include "soap/envelope.h"

#include "soap/namespaces.h"

#include <gtest/gtest.h>

using namespace winrm;

namespace {

const std::string start = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope' xmlns:k='urn:unknown' "
                          "xmlns:wsman='http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd'>";
const std::string finish = "</e:Envelope>";

result<soap::envelope> parse(const std::string& inside)
{
    return soap::envelope::parse(start + inside + finish, base::limits{});
}

std::string fault_with(const std::string& inside) { return "<e:Body><e:Fault>" + inside + "</e:Fault></e:Body>"; }

} // namespace

TEST(envelope, header_is_optional_body_is_not)
{
    const auto bare = parse("<e:Body/>");
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->header(), nullptr);
    EXPECT_EQ(bare->payload(), nullptr);
    EXPECT_FALSE(bare->is_fault());
    const auto full = parse("\n<e:Header><x/></e:Header>\n<e:Body><one/><two/></e:Body>\n");
    ASSERT_TRUE(full);
    EXPECT_EQ(full->header()->children().size(), 1U);
    EXPECT_EQ(full->payload()->local(), "one");
}

TEST(envelope, what_is_refused)
{
    for (const char* inside :
         {"", "<e:Header/>", "<e:Body/><e:Body/>", "<e:Header/><e:Header/><e:Body/>", "<e:Body/><e:Header/>",
          "<e:Body/><x/>", "<x/><e:Body/>", "text<e:Body/>", "<Body/>", "<e:body/>"}) {
        const auto e = parse(inside);
        ASSERT_FALSE(e) << inside;
        EXPECT_EQ(e.error().code(), errc::protocol);
    }
    const auto old =
        soap::envelope::parse("<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'><Body/></Envelope>", {});
    ASSERT_FALSE(old);
    EXPECT_EQ(old.error().code(), errc::not_wsman);
    EXPECT_NE(old.error().message().find("SOAP 1.1"), std::string::npos);
    EXPECT_FALSE(soap::envelope::parse("<html><body>Login</body></html>", {}));
    EXPECT_FALSE(soap::envelope::parse("<Envelope><Body/></Envelope>", {}));
}

TEST(envelope, fault_parts)
{
    const auto e = parse(
        fault_with("<e:Code><e:Value> e:Receiver </e:Value><e:Subcode><e:Value>\n wsman:TimedOut</e:Value></e:Subcode>"
                   "</e:Code><e:Reason><e:Text xml:lang='de'>deutsch</e:Text><e:Text xml:lang='en-US'>english  "
                   "</e:Text></e:Reason><e:Detail><x/></e:Detail>"));
    ASSERT_TRUE(e);
    EXPECT_TRUE(e->is_fault());
    const auto f = soap::parse_fault(*e);
    ASSERT_TRUE(f);
    EXPECT_EQ(f->role, "Receiver");
    EXPECT_EQ(f->subcode, "w:TimedOut");
    EXPECT_EQ(f->reason, "english  ");
    ASSERT_NE(f->detail, nullptr);
    EXPECT_EQ(f->detail->children().size(), 1U);
}

TEST(envelope, subcode_names_the_namespace_not_the_prefix)
{
    const std::pair<std::string, std::string> rows[] = {
        {"<e:Subcode><e:Value>wsman:TimedOut</e:Value></e:Subcode>", "w:TimedOut"},
        {"<e:Subcode><e:Value "
         "xmlns:wsman='http://schemas.xmlsoap.org/ws/2004/09/enumeration'>wsman:TimedOut</e:Value></e:Subcode>",
         "n:TimedOut"},
        {"<e:Subcode><e:Value "
         "xmlns='http://schemas.xmlsoap.org/ws/2004/08/addressing'>ActionNotSupported</e:Value></e:Subcode>",
         "a:ActionNotSupported"},
        {"<e:Subcode><e:Value>k:Strange</e:Value></e:Subcode>", ""},
        {"<e:Subcode><e:Value>undeclared:TimedOut</e:Value></e:Subcode>", "TimedOut"},
        {"<e:Subcode/>", ""},
        {"", ""},
    };
    for (const auto& [subcode, expected] : rows) {
        const auto e = parse(fault_with("<e:Code><e:Value>e:Sender</e:Value>" + subcode + "</e:Code>"));
        ASSERT_TRUE(e);
        const auto f = soap::parse_fault(*e);
        ASSERT_TRUE(f);
        EXPECT_EQ(f->subcode, expected);
        EXPECT_EQ(f->reason, "");
        EXPECT_EQ(f->detail, nullptr);
    }
}

TEST(envelope, no_fault_without_a_code)
{
    for (const char* inside :
         {"", "<e:Code/>", "<e:Code><e:Value> </e:Value></e:Code>", "<Code><Value>e:Sender</Value></Code>"}) {
        const auto e = parse(fault_with(inside));
        ASSERT_TRUE(e);
        EXPECT_FALSE(soap::parse_fault(*e)) << inside;
    }
    EXPECT_FALSE(soap::parse_fault(*parse("<e:Body><other/></e:Body>")));
}

TEST(namespaces, table)
{
    EXPECT_EQ(soap::prefix_of(soap::ns::w), "w");
    EXPECT_EQ(soap::prefix_of(soap::ns::wsmid), "wsmid");
    EXPECT_EQ(soap::prefix_of("urn:unknown"), "");
    EXPECT_EQ(soap::prefix_of(""), "");
}
