// Messages of other implementations: every one is read and says what its file expects.
#include "base/text.h"
#include "unit/wsman/recorded.h"
#include "wsman/config_resource.h"
#include "wsman/enumeration.h"
#include "wsman/identify.h"
#include "wsman/message.h"

#include <gtest/gtest.h>

#include <set>

using namespace winrm;

namespace {

const std::string shared = SHARED_VECTORS;
const std::string own = TEST_SOURCE_DIR "/vectors/ws-management";

base::limits generous()
{
    base::limits l;
    l.envelope = 4 * 1024 * 1024; // recordings with other limits than ours
    return l;
}

std::string trimmed(const std::string& text) { return std::string(base::trim(text)); }
std::string local(const std::string& qname) { return trimmed(qname).substr(trimmed(qname).find(':') + 1); }

std::string expected(const test::message& m, const char* key)
{
    const auto found = m.expect.find(key);
    return found == m.expect.end() ? std::string() : trimmed(found->second);
}

void check_fault(const test::message& m, const wsman::incoming_reply& reply)
{
    ASSERT_TRUE(reply.fault());
    const fault_info& f = *reply.fault();
    EXPECT_EQ(f.role, local(expected(m, "fault/code")));
    EXPECT_EQ(local(f.subcode), local(expected(m, "fault/subcode")));
    EXPECT_NE(f.subcode.find(':'), std::string::npos) << f.subcode;
    EXPECT_EQ(trimmed(f.reason), expected(m, "fault/reason"));
    const std::string code = expected(m, "fault/wsman_code");
    EXPECT_TRUE(code.empty() || code == std::to_string(f.code)) << f.code;
    const auto e = wsman::to_error(f);
    EXPECT_EQ(e.code(), errc::fault);
    EXPECT_FALSE(e.message().empty());
}

void check_reply(const test::message& m)
{
    const auto reply = wsman::read_reply(m.body, generous(), expected(m, "RelatesTo"));
    ASSERT_TRUE(reply) << reply.error().message();
    EXPECT_EQ(reply->action(), expected(m, "Action"));
    EXPECT_EQ(reply->relates_to(), expected(m, "RelatesTo"));
    EXPECT_EQ(reply->fault().has_value(), m.expect.count("fault/code") != 0);
    if (reply->fault()) check_fault(m, *reply);
    const bool related = !expected(m, "RelatesTo").empty();
    EXPECT_FALSE(related && wsman::read_reply(m.body, generous(), "uuid:another").has_value());
}

// What a recorded client says in its headers, said by our writer: read again it must mean the same.
void check_our_form(const wsman::request_header& h)
{
    const auto again = wsman::read_request(wsman::write_request({h, {}}), generous());
    ASSERT_TRUE(std::holds_alternative<wsman::incoming_request>(again));
    const wsman::request_header& ours = std::get<wsman::incoming_request>(again).header();
    EXPECT_EQ(ours.action, h.action);
    EXPECT_EQ(ours.resource_uri, h.resource_uri);
    EXPECT_EQ(ours.to, h.to);
    EXPECT_EQ(ours.message_id, h.message_id);
    EXPECT_EQ(ours.operation_timeout, h.operation_timeout);
    EXPECT_EQ(ours.max_envelope_size, h.max_envelope_size);
    EXPECT_EQ(ours.locale, h.locale);
    EXPECT_EQ(ours.data_locale, h.data_locale);
    EXPECT_EQ(ours.session_id, h.session_id);
    EXPECT_EQ(ours.activity_id, h.activity_id);
    EXPECT_EQ(ours.compression, h.compression);
    ASSERT_EQ(ours.selectors.items().size(), h.selectors.items().size());
    for (const wsman::selector& s : h.selectors.items()) EXPECT_EQ(*ours.selectors.find(s.name), s.value);
    ASSERT_EQ(ours.options.items().size(), h.options.items().size());
    for (std::size_t i = 0; i < h.options.items().size(); ++i) {
        EXPECT_EQ(ours.options.items()[i].name, h.options.items()[i].name);
        EXPECT_EQ(ours.options.items()[i].value, h.options.items()[i].value);
        EXPECT_EQ(ours.options.items()[i].must_comply, h.options.items()[i].must_comply);
    }
}

// Requests that are refused, and for what; every other one is taken.
struct refused_file
{
    const char* file;
    wsman::fault_code code;
};
constexpr refused_file refused_files[] = {
    {"4.2.3_1.json", wsman::fault_code::unsupported_feature}, // typesetting broke the anonymous address
    {"4.11.3_2.json", wsman::fault_code::must_understand},    // insists on OperationID: robust connections
    {"psrp_is_alive_other_wsman_error.json exchange 3 request",
     wsman::fault_code::invalid_message_information_header}, // PT-1S, on purpose; the recorded answer's code
};

void check_request(const test::message& m)
{
    const auto read = wsman::read_request(m.body, generous());
    if (const auto* no = std::get_if<wsman::rejected_request>(&read)) {
        EXPECT_EQ(no->message_id, expected(m, "MessageID"));
        for (const refused_file& r : refused_files) {
            if (m.file != r.file) continue;
            EXPECT_EQ(no->fault.code, r.code);
            return;
        }
        FAIL() << wsman::find_fault(static_cast<std::uint32_t>(no->fault.code))->name << ": " << no->fault.text;
    }
    const auto& r = std::get<wsman::incoming_request>(read);
    EXPECT_EQ(r.header().action, expected(m, "Action"));
    EXPECT_EQ(r.header().message_id, expected(m, "MessageID"));
    EXPECT_EQ(r.header().resource_uri, expected(m, "ResourceURI"));
    EXPECT_EQ(r.is_identify(), expected(m, "Action").empty());
    if (!r.is_identify()) check_our_form(r.header());
}

bool is_request(const test::message& m) { return m.expect.count("ResourceURI") != 0; }

void check_messages(const std::vector<test::message>& all)
{
    for (const test::message& m : all) {
        SCOPED_TRACE(m.file);
        if (!m.well_formed) {
            // Line breaks of the specification's typesetting fell into markup.
            EXPECT_FALSE(wsman::read_reply(m.body, generous(), ""));
            EXPECT_TRUE(std::holds_alternative<wsman::rejected_request>(wsman::read_request(m.body, generous())));
        } else if (is_request(m)) {
            check_request(m);
        } else {
            check_reply(m);
        }
    }
}

void check_conversations(const std::vector<test::message>& all)
{
    for (const test::message& m : all) {
        SCOPED_TRACE(m.file);
        if (m.request) check_request(m);
        else check_reply(m);
    }
}

const char* const no_vectors = "SKIPPED: no ../shared/vectors beside this clone (messages of other implementations)";

} // namespace

TEST(vectors, own_messages)
{
    const auto all = test::read_messages(own);
    ASSERT_TRUE(all) << own;
    EXPECT_GE(all->size(), 8U);
    check_messages(*all);
}

TEST(vectors, own_conversations)
{
    const auto all = test::read_conversations(TEST_SOURCE_DIR "/vectors/shell");
    ASSERT_TRUE(all);
    EXPECT_GE(all->size(), 60U);
    check_conversations(*all);
}

TEST(recorded_vectors, single_messages)
{
    const auto all = test::read_messages(shared + "/messages");
    if (!all) GTEST_SKIP() << no_vectors;
    EXPECT_FALSE(all->empty());
    check_messages(*all);
}

TEST(recorded_vectors, examples_of_ms_wsmv)
{
    const auto all = test::read_messages(shared + "/spec/ms-wsmv");
    if (!all) GTEST_SKIP() << no_vectors;
    EXPECT_FALSE(all->empty());
    check_messages(*all);
}

TEST(recorded_vectors, conversations)
{
    for (const char* folder : {"/winrs", "/wsman", "/psrp", "/psrp-files", "/cim"}) {
        const auto all = test::read_conversations(shared + folder);
        if (!all) GTEST_SKIP() << no_vectors;
        EXPECT_FALSE(all->empty());
        check_conversations(*all);
    }
}

TEST(recorded_vectors, identify_of_a_recorded_host)
{
    const auto all = test::read_conversations(shared + "/wsman");
    if (!all) GTEST_SKIP() << no_vectors;
    std::size_t seen = 0;
    for (const test::message& m : *all) {
        if (m.body.find("IdentifyResponse") == std::string::npos) continue;
        const auto reply = wsman::read_reply(m.body, generous(), "");
        ASSERT_TRUE(reply);
        const auto id = wsman::read_identify_reply(reply->envelope());
        ASSERT_TRUE(id);
        EXPECT_EQ(id->product_vendor, "Microsoft Corporation");
        EXPECT_EQ(id->product_version, "OS: 10.0.14393 SP: 0.0 Stack: 3.0");
        EXPECT_EQ(id->security_profiles.size(), 2U);
        ++seen;
    }
    EXPECT_EQ(seen, 1U);
}

TEST(recorded_vectors, configuration_of_a_recorded_host)
{
    const auto all = test::read_conversations(shared + "/wsman");
    if (!all) GTEST_SKIP() << no_vectors;
    std::set<std::uint64_t> sizes;
    for (const test::message& m : *all) {
        if (m.request || m.expect.count("Action") == 0 || m.body.find("MaxEnvelopeSizekb") == std::string::npos)
            continue;
        const auto reply = wsman::read_reply(m.body, generous(), "");
        ASSERT_TRUE(reply);
        const auto config = wsman::read_config(reply->payload());
        ASSERT_TRUE(config) << m.file;
        sizes.insert(config->max_envelope_size_kb);
    }
    EXPECT_EQ(sizes, (std::set<std::uint64_t>{150, 500}));
}

TEST(recorded_vectors, enumerations_and_identities_of_recorded_hosts)
{
    const auto all = test::read_messages(shared + "/messages");
    if (!all) GTEST_SKIP() << no_vectors;
    std::size_t enumerations = 0, identities = 0;
    for (const test::message& m : *all) {
        const auto reply = wsman::read_reply(m.body, generous(), "");
        if (!reply || reply->payload() == nullptr) continue;
        const auto name = reply->payload()->local();
        SCOPED_TRACE(m.file);
        if (name == "IdentifyResponse") {
            ++identities;
            EXPECT_TRUE(wsman::read_identify_reply(reply->envelope()));
        } else if (name == "EnumerateResponse" || name == "PullResponse") {
            ++enumerations;
            EXPECT_TRUE(wsman::read_enumeration(reply->payload()));
        }
    }
    EXPECT_GE(enumerations, 4U);
    EXPECT_GE(identities, 1U);
}

TEST(recorded_vectors, malformed_files_are_refused_or_read_without_harm)
{
    const std::string folder = shared + "/malformed/";
    if (test::read_file(folder + "not_xml_at_all.xml").empty()) {
        GTEST_SKIP() << no_vectors;
    }
    for (const char* name : {"invalid_xml_syntax.xml", "missing_envelope.xml", "not_xml_at_all.xml"}) {
        const std::string body = test::read_file(folder + name);
        const auto reply = wsman::read_reply(body, generous(), "");
        ASSERT_FALSE(reply) << name;
        EXPECT_EQ(reply.error().code(), errc::protocol);
        const auto request = wsman::read_request(body, generous());
        ASSERT_TRUE(std::holds_alternative<wsman::rejected_request>(request)) << name;
        EXPECT_EQ(std::get<wsman::rejected_request>(request).fault.code, wsman::fault_code::schema_validation_error);
    }
    for (const char* name : {"empty_body.xml", "extra_unknown_elements.xml"}) { // well-formed answers that say little
        const auto reply = wsman::read_reply(test::read_file(folder + name), generous(), "");
        ASSERT_TRUE(reply) << name << ": " << reply.error().message();
        EXPECT_FALSE(reply->fault());
    }
}
