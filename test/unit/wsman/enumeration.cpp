#include "wsman/enumeration.h"

#include <gtest/gtest.h>

using namespace winrm;
using wsman::fault_code;

namespace {

constexpr const char* names = " xmlns:n='http://schemas.xmlsoap.org/ws/2004/09/enumeration' "
                              "xmlns:w='http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd'>";

xml::document parsed(const std::string& root, const std::string& inside)
{
    auto d = xml::document::parse("<n:" + root + names + inside + "</n:" + root + ">", base::limits{});
    EXPECT_TRUE(d) << d.error().message();
    return std::move(*d);
}

// Written by us, as it stands in an envelope of ours.
soap::envelope carried(const wsman::body_writer& body)
{
    auto e = soap::envelope::parse(wsman::write_reply({"uuid:1", ""}, "urn:a", body), base::limits{});
    EXPECT_TRUE(e) << e.error().message();
    return std::move(*e);
}

template <class T> fault_code refused(const std::variant<T, wsman::fault>& read)
{
    const auto* f = std::get_if<wsman::fault>(&read);
    return f == nullptr ? fault_code{} : f->code;
}

} // namespace

TEST(enumeration, requests_come_back)
{
    wsman::enumerate_request r;
    r.optimize = true;
    r.max_elements = 50;
    r.mode = "EnumerateEPR";
    r.filter_dialect = wsman::selector_filter_dialect;
    r.filter_selectors.add("ShellId", "A&B");
    const auto e = carried(wsman::enumerate_body(r));
    const auto read = wsman::read_enumerate(e.payload());
    ASSERT_TRUE(std::holds_alternative<wsman::enumerate_request>(read));
    const auto& got = std::get<wsman::enumerate_request>(read);
    EXPECT_TRUE(got.optimize);
    EXPECT_EQ(got.max_elements, 50U);
    EXPECT_EQ(got.mode, r.mode);
    EXPECT_EQ(got.filter_dialect, r.filter_dialect);
    EXPECT_EQ(*got.filter_selectors.find("shellid"), "A&B");

    const auto p = carried(wsman::pull_body({"ctx", 7}));
    const auto pull = wsman::read_pull(p.payload());
    ASSERT_TRUE(std::holds_alternative<wsman::pull_request>(pull));
    EXPECT_EQ(std::get<wsman::pull_request>(pull).context, "ctx");
    EXPECT_EQ(std::get<wsman::pull_request>(pull).max_elements, 7U);

    const auto l = carried(wsman::release_body("ctx"));
    const auto release = wsman::read_release(l.payload());
    ASSERT_TRUE(std::holds_alternative<std::string>(release));
    EXPECT_EQ(std::get<std::string>(release), "ctx");
}

TEST(enumeration, what_is_read_and_what_refused)
{
    struct row
    {
        const char *what, *inside;
        fault_code code; // 0 = taken
    };
    const row rows[] = {
        {"plain", "", {}},
        {"MaxElements in the wrong namespace, as Ruby sends it",
         "<w:OptimizeEnumeration/><n:MaxElements>32000</n:MaxElements>",
         {}},
        {"another dialect",
         "<w:Filter Dialect='http://schemas.microsoft.com/wbem/wsman/1/WQL'>select * from x</w:Filter>",
         {}},
        {"MaxElements zero", "<w:MaxElements>0</w:MaxElements>", fault_code::wsman_invalid_parameter},
        {"MaxElements text", "<w:MaxElements>all</w:MaxElements>", fault_code::wsman_invalid_parameter},
        {"unknown mode", "<w:EnumerationMode>Everything</w:EnumerationMode>", fault_code::unsupported_feature},
        {"two filters", "<w:Filter/><n:Filter/>", fault_code::cannot_process_filter},
        {"selector filter without selectors",
         "<w:Filter Dialect='http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter'/>",
         fault_code::cannot_process_filter},
        {"selector filter with other things",
         "<w:Filter "
         "Dialect='http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter'><w:SelectorSet><x/></w:SelectorSet></"
         "w:Filter>",
         fault_code::cannot_process_filter},
    };
    for (const row& r : rows) {
        SCOPED_TRACE(r.what);
        const auto d = parsed("Enumerate", r.inside);
        EXPECT_EQ(refused(wsman::read_enumerate(&d.root())), r.code);
    }
    EXPECT_EQ(refused(wsman::read_enumerate(nullptr)), fault_code::schema_validation_error);
    EXPECT_EQ(refused(wsman::read_pull(nullptr)), fault_code::schema_validation_error);
    EXPECT_EQ(refused(wsman::read_release(nullptr)), fault_code::schema_validation_error);
    const auto empty = parsed("Pull", "<n:EnumerationContext/>");
    EXPECT_EQ(refused(wsman::read_pull(&empty.root())), fault_code::invalid_enumeration_context);
    const auto missing = parsed("Release", "");
    EXPECT_EQ(refused(wsman::read_release(&missing.root())), fault_code::invalid_enumeration_context);
    const auto huge = parsed("Pull", "<n:EnumerationContext>" + std::string(300, 'c') + "</n:EnumerationContext>");
    EXPECT_EQ(refused(wsman::read_pull(&huge.root())), fault_code::invalid_enumeration_context);
    const auto one = parsed("Pull", "<n:EnumerationContext>c</n:EnumerationContext>");
    EXPECT_EQ(std::get<wsman::pull_request>(wsman::read_pull(&one.root())).max_elements, 1U);
}

TEST(enumeration, responses_come_back)
{
    const wsman::body_writer two = [](xml::writer& w) { w.leaf("rsp:Shell", "1").leaf("rsp:Shell", "2"); };
    struct row
    {
        const char* what;
        wsman::body_writer body;
        std::size_t items;
        const char* context;
        bool end;
    };
    const row rows[] = {
        {"context only", [](xml::writer& w) { wsman::write_enumerate_response(w, "c1", false, {}, false); }, 0, "c1",
         false},
        {"optimised, all", [&](xml::writer& w) { wsman::write_enumerate_response(w, "", true, two, true); }, 2, "",
         true},
        {"optimised, more", [&](xml::writer& w) { wsman::write_enumerate_response(w, "c2", true, two, false); }, 2,
         "c2", false},
        {"optimised, none", [](xml::writer& w) { wsman::write_enumerate_response(w, "", true, {}, true); }, 0, "",
         true},
        {"pull, more", [&](xml::writer& w) { wsman::write_pull_response(w, "c3", two, false); }, 2, "c3", false},
        {"pull, end", [&](xml::writer& w) { wsman::write_pull_response(w, "c3", two, true); }, 2, "", true},
    };
    for (const row& r : rows) {
        SCOPED_TRACE(r.what);
        const auto e = carried(r.body);
        const auto part = wsman::read_enumeration(e.payload());
        ASSERT_TRUE(part);
        EXPECT_EQ(part->items.size(), r.items);
        EXPECT_EQ(part->context, r.context);
        EXPECT_EQ(part->end, r.end);
    }
    EXPECT_EQ(wsman::read_enumeration(nullptr).error().code(), errc::protocol);
}
