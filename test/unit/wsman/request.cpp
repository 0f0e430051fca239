#include "soap/namespaces.h"
#include "wsman/message.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using namespace winrm;
using wsman::fault_code;

namespace {

// A good request with prefixes that are not ours; rows replace or add headers.
struct request_text
{
    std::string to = "<ad:To>http://any/wsman</ad:To>";
    std::string action =
        "<ad:Action env:mustUnderstand='true'> http://schemas.xmlsoap.org/ws/2004/09/transfer/Create\n</ad:Action>";
    std::string resource =
        "<m:ResourceURI>http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd  </m:ResourceURI>";
    std::string message_id = "<ad:MessageID>uuid:1</ad:MessageID>";
    std::string more;
    std::string body = "<env:Body><x/></env:Body>";

    [[nodiscard]] std::string text() const
    {
        return "<env:Envelope xmlns:env='http://www.w3.org/2003/05/soap-envelope' "
               "xmlns:ad='http://schemas.xmlsoap.org/ws/2004/08/addressing' "
               "xmlns:m='http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd' "
               "xmlns:ms='http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd' "
               "xmlns:sh='http://schemas.microsoft.com/wbem/wsman/1/windows/shell' "
               "xmlns:other='urn:other'><env:Header>" +
               to + action + resource + message_id + more + "</env:Header>" + body + "</env:Envelope>";
    }
};

request_text with(std::string more)
{
    request_text r;
    r.more = std::move(more);
    return r;
}

wsman::incoming_request accepted(const request_text& r)
{
    auto read = wsman::read_request(r.text(), base::limits{});
    if (auto* no = std::get_if<wsman::rejected_request>(&read)) {
        ADD_FAILURE() << "refused: " << wsman::find_fault(static_cast<std::uint32_t>(no->fault.code))->name << " "
                      << no->fault.text;
        return std::get<wsman::incoming_request>(wsman::read_request(wsman::write_identify(), base::limits{}));
    }
    return std::get<wsman::incoming_request>(std::move(read));
}

std::string long_text(std::size_t size) { return std::string(size, 'u'); }

std::string repeated(const std::string& text, int times)
{
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

} // namespace

TEST(request, headers_of_any_prefix_and_with_white_space)
{
    const auto r =
        accepted(with("<m:OperationTimeout>PT20S</m:OperationTimeout><m:MaxEnvelopeSize>153600</m:MaxEnvelopeSize>"
                      "<m:SelectorSet><m:Selector Name='ShellId'>\n A-1 </m:Selector></m:SelectorSet>"
                      "<m:OptionSet><m:Option Name='WINRS_CODEPAGE'>437</m:Option>"
                      "<m:Option Name='x' MustComply='true'/></m:OptionSet>"
                      "<m:Locale xml:lang='de-DE'/><ms:DataLocale xml:lang='fr-FR'/>"
                      "<ms:SessionId>uuid:s</ms:SessionId><ms:ActivityId>act</ms:ActivityId>"
                      "<sh:CompressionType env:mustUnderstand='true'>xpress</sh:CompressionType>"));
    const wsman::request_header& h = r.header();
    EXPECT_EQ(h.action, wsman::action::create);
    EXPECT_EQ(h.resource_uri, wsman::resource_uri::cmd);
    EXPECT_EQ(h.to, "http://any/wsman");
    EXPECT_EQ(h.message_id, "uuid:1");
    EXPECT_EQ(h.operation_timeout, base::milliseconds{20'000});
    EXPECT_EQ(h.max_envelope_size, 153600U);
    ASSERT_NE(h.selectors.find("SHELLID"), nullptr);
    EXPECT_EQ(*h.selectors.find("shellid"), "A-1");
    EXPECT_EQ(*h.options.find("winrs_codepage"), "437");
    EXPECT_TRUE(h.options.items()[1].must_comply);
    EXPECT_EQ(h.locale, "de-DE");
    EXPECT_EQ(h.data_locale, "fr-FR");
    EXPECT_EQ(h.session_id, "uuid:s");
    EXPECT_EQ(h.activity_id, "act");
    EXPECT_EQ(h.compression, "xpress");
    EXPECT_EQ(r.payload()->local(), "x");
    EXPECT_FALSE(r.is_identify());
}

TEST(request, what_is_taken_although_it_looks_odd)
{
    const std::string anonymous(soap::anonymous_role);
    const std::pair<const char*, std::string> rows[] = {
        {"nothing more", ""},
        {"reply-to", "<ad:ReplyTo><ad:Address>" + anonymous + "</ad:Address></ad:ReplyTo>"},
        {"reply-to with white space", "<ad:ReplyTo><ad:Address>\n " + anonymous + "\n</ad:Address></ad:ReplyTo>"},
        {"fault-to as the specification spells it",
         "<ad:FaultTo><ad:Address>" + anonymous + "/</ad:Address></ad:FaultTo>"},
        {"unknown header", "<other:h>x</other:h>"},
        {"unknown header that says it may be ignored", "<other:h env:mustUnderstand='false'/>"},
        {"unknown header, 0", "<other:h env:mustUnderstand='0'/>"},
        {"unqualified attribute is not SOAP's", "<other:h mustUnderstand='true'/>"},
        {"WS-Addressing has no such attribute", "<other:h ad:mustUnderstand='true'/>"},
        {"operation id of robust connections", "<ms:OperationID env:mustUnderstand='false'>uuid:o</ms:OperationID>"},
        {"i12: unknown header, white space", "<other:h env:mustUnderstand='\n false\t'/>"},
        {"i12: another's header", "<other:h env:role='urn:proxy' env:mustUnderstand='true'/>"},
        {"i12: nobody's header", "<other:h env:role='http://www.w3.org/2003/05/soap-envelope/role/none' "
                                 "env:mustUnderstand='1'/>"},
        {"i12: another's header of ours", "<m:OperationTimeout env:role='urn:proxy'>soon</m:OperationTimeout>"},
        {"i12: another's header, whatever it says", "<other:h env:role='urn:proxy' env:mustUnderstand='yes'/>"},
        {"i12: clients that write no SOAP attribute", "<other:h mustUnderstand='yes' role='urn:x'/>"},
        {"i12: our headers say so rightly",
         "<m:MaxEnvelopeSize env:mustUnderstand=' true '>153600</m:MaxEnvelopeSize>"
         "<m:OptionSet env:mustUnderstand='1' env:role='http://www.w3.org/2003/05/soap-envelope/role/next'/>"},
        {"locale with unqualified attribute", "<m:Locale mustUnderstand='true' xml:lang='en-US'/>"},
        {"empty option set", "<m:OptionSet/>"},
        {"to be ignored even so", "<m:RequestEPR env:mustUnderstand='true'/>"
                                  "<m:RequestTotalItemsCountEstimate env:mustUnderstand='true'/>"},
        {"activity id of 2048 characters", "<ms:ActivityId>" + repeated("\xC3\xA4", 2048) + "</ms:ActivityId>"},
        {"smallest envelope", "<m:MaxEnvelopeSize>8192</m:MaxEnvelopeSize>"},
        {"same option twice",
         "<m:OptionSet><m:Option Name='a'>1</m:Option><m:Option Name='a'>2</m:Option></m:OptionSet>"},
        {"same local name in two namespaces", "<other:Action/><m:Action/>"},
        {"64 headers", repeated("", 0)},
    };
    for (const auto& [what, more] : rows) {
        SCOPED_TRACE(what);
        EXPECT_EQ(accepted(with(more)).header().action, wsman::action::create);
    }
}

// Item 13: every form that has a length.
TEST(request, i13_operation_timeouts)
{
    const std::pair<const char*, base::milliseconds> rows[] = {
        {"PT20S", 20s},
        {"P0Y0M0DT0H1M0S", 60s},
        {"P0MT60S", 60s},
        {" \n PT1.5S\t", 1500ms},
        {"-P0Y0M0DT0H0M0S", 0ms},
        {"P10675199DT2H48M5S", 2400 * 24h},
        {"P1D", 24h},
        {"PT0.0S", 0ms},
    };
    for (const auto& [text, time] : rows) {
        SCOPED_TRACE(text);
        const auto r = accepted(with(std::string("<m:OperationTimeout>") + text + "</m:OperationTimeout>"));
        EXPECT_EQ(r.header().operation_timeout, time);
    }
}

TEST(request, message_id_is_any_text_and_comes_back_as_it_was)
{
    for (const std::string id : {"7", "not a uuid at all", "a&amp;b&lt;c", "\xC3\xA9"}) {
        request_text r;
        r.message_id = "<ad:MessageID>" + id + "</ad:MessageID>";
        const auto read = accepted(r);
        const auto reply = wsman::write_reply({"uuid:2", read.header().message_id}, "urn:a", {});
        EXPECT_NE(reply.find("<a:RelatesTo>" + id + "</a:RelatesTo>"), std::string::npos) << reply;
        EXPECT_TRUE(wsman::read_reply(reply, base::limits{}, read.header().message_id));
    }
}

namespace {

struct refused_row
{
    const char* what;
    request_text request;
    fault_code code;
    const char* detail;
    const char* message_id = "uuid:1";
};

std::vector<refused_row> refused_rows()
{
    std::vector<refused_row> rows;
    const auto add = [&](const char* what, const std::string& more, fault_code code, const char* detail = "") {
        rows.push_back({what, with(more), code, detail});
    };
    const auto without = [&](const char* what, std::string request_text::*part, const std::string& instead,
                             fault_code code) {
        request_text r;
        r.*part = instead;
        rows.push_back({what, r, code, ""});
    };
    without("no Action", &request_text::action, "", fault_code::header_required);
    without("empty Action", &request_text::action, "<ad:Action> </ad:Action>", fault_code::header_required);
    without("Action of another namespace", &request_text::action, "<m:Action>x</m:Action>",
            fault_code::header_required);
    without("no ResourceURI", &request_text::resource, "", fault_code::header_required);
    without("no To", &request_text::to, "", fault_code::header_required);
    without("ResourceURI too long", &request_text::resource, "<m:ResourceURI>" + long_text(2049) + "</m:ResourceURI>",
            fault_code::uri_limit);
    without("Action too long", &request_text::action, "<ad:Action>" + long_text(2049) + "</ad:Action>",
            fault_code::uri_limit);
    without("two Actions", &request_text::action, "<ad:Action>a</ad:Action><ad:Action>a</ad:Action>",
            fault_code::invalid_header);
    add("session id too long", "<ms:SessionId>" + long_text(2049) + "</ms:SessionId>", fault_code::uri_limit);
    add("a second MessageID", "<ad:MessageID>uuid:2</ad:MessageID>", fault_code::invalid_header);
    add("a second ResourceURI", "<m:ResourceURI>x</m:ResourceURI>", fault_code::invalid_header);
    add("an unknown header twice", "<other:h/><other:h/>", fault_code::invalid_header);
    add("too many headers", repeated("<other:h/>", 100), fault_code::invalid_header);
    add("reply elsewhere", "<ad:ReplyTo><ad:Address>http://evil/</ad:Address></ad:ReplyTo>",
        fault_code::unsupported_feature, "AddressingMode");
    add("reply nowhere", "<ad:ReplyTo/>", fault_code::unsupported_feature, "AddressingMode");
    add("faults elsewhere", "<ad:FaultTo><ad:Address>http://evil/</ad:Address></ad:FaultTo>",
        fault_code::unsupported_feature, "AddressingMode");
    for (const char* t : {"", "20", "PT", "-PT1S", "PT-1S", "P", "P1Y", "P1M", "P0Y1MT60S", "forever"}) {
        add("i13: timeout", std::string("<m:OperationTimeout>") + t + "</m:OperationTimeout>",
            fault_code::invalid_message_information_header, "InvalidTimeout");
    }
    for (const char* s : {"", "8191", "0", "-1", "many", "99999999999999999999999"}) {
        add("envelope size", std::string("<m:MaxEnvelopeSize>") + s + "</m:MaxEnvelopeSize>",
            fault_code::max_envelope_size_too_small);
    }
    add("selector twice",
        "<m:SelectorSet><m:Selector Name='a'>1</m:Selector><m:Selector Name='A'>2</m:Selector></m:SelectorSet>",
        fault_code::invalid_selectors, "DuplicateSelectors");
    add("selector without a name", "<m:SelectorSet><m:Selector>1</m:Selector></m:SelectorSet>",
        fault_code::invalid_selectors);
    add("selector of another namespace", "<m:SelectorSet><Selector Name='a'>1</Selector></m:SelectorSet>",
        fault_code::invalid_selectors);
    add("too many selectors", "<m:SelectorSet>" + repeated("<m:Selector/>", 257) + "</m:SelectorSet>",
        fault_code::encoding_limit);
    add("option without a name", "<m:OptionSet><m:Option>1</m:Option></m:OptionSet>", fault_code::invalid_options,
        "InvalidName");
    add("MustComply no boolean", "<m:OptionSet><m:Option Name='a' MustComply='maybe'/></m:OptionSet>",
        fault_code::invalid_options, "InvalidValue");
    add("too many options", "<m:OptionSet>" + repeated("<m:Option/>", 257) + "</m:OptionSet>",
        fault_code::encoding_limit);
    add("locale must be understood", "<m:Locale env:mustUnderstand='true' xml:lang='de'/>",
        fault_code::unsupported_feature, "Locale");
    add("data locale must be understood", "<ms:DataLocale env:mustUnderstand='1' xml:lang='de'/>",
        fault_code::unsupported_feature, "DataLocale");
    add("fragment", "<m:FragmentTransfer>a/b</m:FragmentTransfer>", fault_code::unsupported_feature,
        "FragmentLevelAccess");
    for (const char* v : {"true", "1", " true ", "\n1\t"}) {
        for (const char* role : {"", "env:role=''", "env:role=' http://www.w3.org/2003/05/soap-envelope/role/next '",
                                 "env:role='http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver'"}) {
            add("i12: unknown header", std::string("<other:h ") + role + " env:mustUnderstand='" + v + "'/>",
                fault_code::must_understand);
        }
    }
    for (const char* v : {"yes", "", "2", "TRUE", "True", "tr ue", "on"}) {
        add("i12: no boolean, unknown header", std::string("<other:h env:mustUnderstand='") + v + "'/>",
            fault_code::invalid_header);
        add("i12: no boolean, known header", std::string("<m:OptionSet env:mustUnderstand='") + v + "'/>",
            fault_code::invalid_header);
    }
    const auto others = [](std::string header) { // for another role
        return header.insert(header.find('>'), " env:role='urn:proxy'");
    };
    without("i12: the Action is another's", &request_text::action, others("<ad:Action>urn:a</ad:Action>"),
            fault_code::header_required);
    without("i12: the ResourceURI is another's", &request_text::resource,
            others("<m:ResourceURI>urn:r</m:ResourceURI>"), fault_code::header_required);
    without("i12: the To is another's", &request_text::to, others("<ad:To>urn:t</ad:To>"), fault_code::header_required);
    add("operation id must be understood", "<ms:OperationID env:mustUnderstand='true'>uuid:o</ms:OperationID>",
        fault_code::must_understand);
    const auto id = [&](const char* what, const std::string& header, fault_code code, const char* known) {
        request_text r;
        r.message_id = header;
        rows.push_back({what, r, code, "", known});
    };
    id("no MessageID", "", fault_code::invalid_message_information_header, "");
    id("i12: another's MessageID", others("<ad:MessageID>uuid:1</ad:MessageID>"),
       fault_code::invalid_message_information_header, "");
    id("empty MessageID", "<ad:MessageID> </ad:MessageID>", fault_code::invalid_message_information_header, "");
    id("MessageID too long", "<ad:MessageID>" + long_text(2049) + "</ad:MessageID>", fault_code::uri_limit, "");
    id("second MessageID first", "<ad:MessageID>uuid:1</ad:MessageID><ad:MessageID>uuid:2</ad:MessageID>",
       fault_code::invalid_header, "uuid:1");
    return rows;
}

} // namespace

TEST(request, what_is_refused)
{
    for (const refused_row& row : refused_rows()) {
        SCOPED_TRACE(row.what);
        const auto read = wsman::read_request(row.request.text(), base::limits{});
        const auto* no = std::get_if<wsman::rejected_request>(&read);
        ASSERT_NE(no, nullptr);
        EXPECT_EQ(no->fault.code, row.code) << no->fault.text;
        EXPECT_TRUE(*row.detail == '\0' || no->fault.detail == row.detail) << no->fault.detail;
        EXPECT_EQ(no->message_id, row.message_id);
        const auto reply = wsman::read_reply(wsman::write_fault({"uuid:9", no->message_id}, no->fault, "m"),
                                             base::limits{}, row.message_id);
        ASSERT_TRUE(reply) << reply.error().message();
        EXPECT_TRUE(reply->is_fault(row.code));
    }
}

TEST(request, unreadable_envelopes)
{
    const std::pair<std::string, fault_code> rows[] = {
        {"", fault_code::schema_validation_error},
        {"not XML", fault_code::schema_validation_error},
        {"<a/>", fault_code::schema_validation_error},
        {"<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'><Body/></Envelope>",
         fault_code::soap_version_mismatch},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", fault_code::schema_validation_error},
        {repeated("<a>", 10'000), fault_code::encoding_limit},
        {std::string(2 * 1024 * 1024, ' '), fault_code::encoding_limit},
        {"<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body/></e:Envelope>",
         fault_code::header_required},
    };
    for (const auto& [text, code] : rows) {
        const auto read = wsman::read_request(text, base::limits{});
        const auto* no = std::get_if<wsman::rejected_request>(&read);
        ASSERT_NE(no, nullptr);
        EXPECT_EQ(no->fault.code, code);
        EXPECT_EQ(no->message_id, "");
    }
}

TEST(request, what_we_write_is_what_we_read)
{
    wsman::outgoing_request out;
    wsman::request_header& h = out.header;
    h.action = wsman::action::receive;
    h.resource_uri = wsman::resource_uri::cmd;
    h.to = "https://host:5986/wsman";
    h.message_id = "uuid:A<&>";
    h.selectors.add("ShellId", "id \"1\"");
    h.options.add("WINRS_NOPROFILE", "TRUE");
    h.options.add("must", "", true);
    h.operation_timeout = base::milliseconds{60'000};
    h.max_envelope_size = 512'000;
    h.session_id = "uuid:S";
    h.activity_id = "uuid:T";
    out.body = [](xml::writer& w) { w.leaf("rsp:Receive", "x"); };
    const auto read = wsman::read_request(wsman::write_request(out), base::limits{});
    ASSERT_TRUE(std::holds_alternative<wsman::incoming_request>(read));
    const auto& in = std::get<wsman::incoming_request>(read);
    EXPECT_EQ(in.header().action, h.action);
    EXPECT_EQ(in.header().resource_uri, h.resource_uri);
    EXPECT_EQ(in.header().to, h.to);
    EXPECT_EQ(in.header().message_id, h.message_id);
    EXPECT_EQ(*in.header().selectors.find("ShellId"), "id \"1\"");
    EXPECT_EQ(*in.header().options.find("WINRS_NOPROFILE"), "TRUE");
    EXPECT_TRUE(in.header().options.items()[1].must_comply);
    EXPECT_EQ(in.header().operation_timeout, h.operation_timeout);
    EXPECT_EQ(in.header().max_envelope_size, h.max_envelope_size);
    EXPECT_EQ(in.header().session_id, h.session_id);
    EXPECT_EQ(in.header().activity_id, h.activity_id);
    EXPECT_TRUE(in.payload()->is(soap::ns::rsp, "Receive"));
}

// MS-WSMV 3.1.4.1: who must understand what. Servers refuse Locale with the attribute, and may skip the others without
// it.
TEST(request, must_understand_stands_where_it_belongs)
{
    wsman::outgoing_request out;
    out.header.action = "urn:action";
    out.header.resource_uri = "urn:resource";
    out.header.message_id = "uuid:1";
    out.header.max_envelope_size = 153'600;
    out.header.options.add("o", "v");
    const auto e = soap::envelope::parse(wsman::write_request(out), base::limits{});
    ASSERT_TRUE(e);
    const xml::element& header = *e->header();
    const auto value = [&](const xml::element* x) {
        const base::bytes_view* v = x == nullptr ? nullptr : x->attribute_value(soap::ns::s, "mustUnderstand");
        return v == nullptr ? base::bytes_view("absent") : *v;
    };
    EXPECT_EQ(value(header.child(soap::ns::a, "Action")), "true");
    EXPECT_EQ(value(header.child(soap::ns::w, "ResourceURI")), "true");
    EXPECT_EQ(value(header.child(soap::ns::w, "MaxEnvelopeSize")), "true");
    EXPECT_EQ(value(header.child(soap::ns::w, "OptionSet")), "true");
    EXPECT_EQ(value(header.child(soap::ns::w, "Locale")), "false");
    EXPECT_EQ(value(header.child(soap::ns::p, "DataLocale")), "false");
    const xml::element* reply_to = header.child(soap::ns::a, "ReplyTo");
    ASSERT_NE(reply_to, nullptr);
    EXPECT_EQ(value(reply_to->child(soap::ns::a, "Address")), "true");
    EXPECT_EQ(reply_to->child(soap::ns::a, "Address")->text(), soap::anonymous_role);
    EXPECT_EQ(header.child(soap::ns::w, "SelectorSet"), nullptr);
    EXPECT_EQ(header.child(soap::ns::w, "OperationTimeout"), nullptr);
    EXPECT_EQ(header.child(soap::ns::p, "SessionId"), nullptr);
    EXPECT_EQ(e->payload(), nullptr);
}
