#include "soap/namespaces.h"
#include "wsman/message.h"

#include <gtest/gtest.h>

using namespace winrm;

TEST(reply, what_we_write_is_what_we_read)
{
    const std::string text = wsman::write_reply({"uuid:2", "uuid:1"}, wsman::action::response_of(wsman::action::create),
                                                [](xml::writer& w) { w.leaf("rsp:Shell", "x"); });
    const auto r = wsman::read_reply(text, base::limits{}, "uuid:1");
    ASSERT_TRUE(r) << r.error().message();
    EXPECT_EQ(r->action(), "http://schemas.xmlsoap.org/ws/2004/09/transfer/CreateResponse");
    EXPECT_EQ(r->relates_to(), "uuid:1");
    EXPECT_TRUE(r->payload()->is(soap::ns::rsp, "Shell"));
    EXPECT_FALSE(r->fault());
    EXPECT_FALSE(r->is_fault(wsman::fault_code::operation_timed_out));
}

// Clients exist that search the text for these, prefix and all.
TEST(reply, prefixes_and_headers_are_those_of_windows)
{
    const std::string text = wsman::write_reply({"uuid:2", "uuid:1"}, "urn:action", {});
    EXPECT_EQ(text.find("<s:Envelope xml:lang=\"en-US\" "), 0U);
    for (const char* part : {"xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"", "<a:Action>urn:action</a:Action>",
                             "<a:MessageID>uuid:2</a:MessageID>", "<a:RelatesTo>uuid:1</a:RelatesTo>",
                             "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>",
                             "xmlns:rsp=\"http://schemas.microsoft.com/wbem/wsman/1/windows/shell\"", "<s:Body/>"}) {
        EXPECT_NE(text.find(part), std::string::npos) << part;
    }
    EXPECT_LT(text.size(), wsman::reply_overhead);
    EXPECT_EQ(wsman::write_reply({"uuid:2", ""}, "urn:action", {}).find("RelatesTo"), std::string::npos);
}

TEST(reply, C7_an_answer_to_another_request_is_an_error)
{
    const std::string text = wsman::write_reply({"uuid:2", "uuid:1"}, "urn:action", {});
    EXPECT_TRUE(wsman::read_reply(text, base::limits{}, ""));
    for (const char* other : {"uuid:3", "uuid:11", "UUID:1"}) {
        const auto r = wsman::read_reply(text, base::limits{}, other);
        ASSERT_FALSE(r);
        EXPECT_EQ(r.error().code(), errc::protocol);
    }
    EXPECT_FALSE(wsman::read_reply(wsman::write_reply({"uuid:2", ""}, "urn:action", {}), base::limits{}, "uuid:1"));
}

TEST(reply, a_fault_without_relates_to_is_taken_with_another_one_not)
{
    const wsman::fault f{wsman::fault_code::schema_validation_error, {}, {}};
    EXPECT_TRUE(wsman::read_reply(wsman::write_fault({"uuid:2", ""}, f, ""), base::limits{}, "uuid:1"));
    EXPECT_FALSE(wsman::read_reply(wsman::write_fault({"uuid:2", "uuid:3"}, f, ""), base::limits{}, "uuid:1"));
}

TEST(reply, trouble_has_a_name)
{
    EXPECT_EQ(wsman::read_reply("<html/>", base::limits{}, "").error().code(), errc::protocol);
    EXPECT_EQ(wsman::read_reply("", base::limits{}, "").error().code(), errc::protocol);
    base::limits small;
    small.envelope = 100;
    EXPECT_EQ(wsman::read_reply(wsman::write_reply({"uuid:2", "uuid:1"}, "a", {}), small, "").error().code(),
              errc::too_large);
    const std::string nameless =
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><s:Fault/></s:Body></s:Envelope>";
    EXPECT_EQ(wsman::read_reply(nameless, base::limits{}, "").error().code(), errc::protocol);
}
