#include "soap/namespaces.h"
#include "wsman/message.h"

#include <gtest/gtest.h>

#include <set>

using namespace winrm;
using wsman::fault_code;

namespace {

fault_info through_the_wire(const wsman::fault& f)
{
    const auto r = wsman::read_reply(wsman::write_fault({"uuid:2", "uuid:1"}, f, "host&1"), base::limits{}, "uuid:1");
    if (!r || !r->fault()) {
        ADD_FAILURE() << "no fault came through";
        return {};
    }
    return *r->fault();
}

fault_info read_detail(const std::string& code, const std::string& detail)
{
    const auto r = wsman::read_reply(
        "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' "
        "xmlns:wsman='http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd' "
        "xmlns:f='http://schemas.microsoft.com/wbem/wsman/1/wsmanfault' xmlns:q='urn:cim'><s:Body><s:Fault><s:Code>"
        "<s:Value>s:Receiver</s:Value><s:Subcode><s:Value>" +
            code + "</s:Value></s:Subcode></s:Code><s:Detail>" + detail + "</s:Detail></s:Fault></s:Body></s:Envelope>",
        base::limits{}, "");
    if (!r || !r->fault()) {
        ADD_FAILURE() << "not read";
        return {};
    }
    return *r->fault();
}

} // namespace

// MS-WSMV 2.2.4.43, DSP0226 14.6: every row goes out and comes back as what it is.
TEST(fault, whole_table_through_the_wire)
{
    std::set<std::uint32_t> codes;
    std::set<base::bytes_view> names;
    for (const wsman::fault_row& row : wsman::fault_table()) {
        SCOPED_TRACE(row.name);
        const auto code = static_cast<std::uint32_t>(row.code);
        EXPECT_TRUE(codes.insert(code).second);
        EXPECT_TRUE(names.insert(row.name).second);
        EXPECT_EQ(wsman::find_fault(code), &row);
        EXPECT_EQ(row.text.back(), '.');
        const bool bare = row.role == "MustUnderstand" || row.role == "VersionMismatch";
        EXPECT_TRUE(bare || row.role == "Sender" || row.role == "Receiver");
        EXPECT_EQ(row.subcode.empty(), bare);
        const fault_info info = through_the_wire({row.code, {}, {}});
        EXPECT_EQ(info.code, code);
        EXPECT_EQ(info.role, row.role);
        EXPECT_EQ(info.subcode, row.subcode);
        EXPECT_EQ(info.message, row.text);
        EXPECT_EQ(info.reason, row.text);
        EXPECT_EQ(info.machine, "host&1");
        EXPECT_EQ(info.detail, row.detail.empty() ? ""
                                                  : "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/" +
                                                        std::string(row.detail));
        const auto e = wsman::to_error(info);
        EXPECT_EQ(e.message() + ".", row.text);
        EXPECT_EQ(e.fault()->code, code);
    }
}

TEST(fault, codes_that_clients_look_for)
{
    const std::pair<fault_code, std::uint32_t> rows[] = {{fault_code::operation_timed_out, 2150858793U},
                                                         {fault_code::unexpected_selectors, 2150858843U},
                                                         {fault_code::quota_shells_per_user, 2150859173U},
                                                         {fault_code::quota_operations_per_user, 2150859174U},
                                                         {fault_code::remote_shells_not_allowed, 2150859180U},
                                                         {fault_code::quota_processes_per_shell, 0x803381E9U},
                                                         {fault_code::cannot_process_filter, 2150858778U},
                                                         {fault_code::schema_validation_error, 2150858817U},
                                                         {fault_code::file_not_found, 2147942402U},
                                                         {fault_code::redirect_requested, 2150859161U},
                                                         {fault_code::config_setting_deprecated, 2150859182U}};
    for (const auto& [code, value] : rows) EXPECT_EQ(static_cast<std::uint32_t>(code), value);
    // Go's client knows the fault of an idle Receive by this word.
    EXPECT_NE(wsman::find_fault(2150858793U)->text.find("OperationTimeout"), base::bytes_view::npos);
}

TEST(fault, action_follows_the_subcodes_family)
{
    const std::pair<fault_code, base::bytes_view> rows[] = {
        {fault_code::operation_timed_out, wsman::action::wsman_fault},
        {fault_code::must_understand, wsman::action::wsman_fault},
        {fault_code::action_not_supported, wsman::action::addressing_fault},
        {fault_code::invalid_enumeration_context, wsman::action::enumeration_fault},
        {fault_code::eventing_unable_to_renew, wsman::action::eventing_fault}};
    for (const auto& [code, action] : rows) {
        const auto r = wsman::read_reply(wsman::write_fault({"uuid:2", ""}, {code, {}, {}}, ""), base::limits{}, "");
        ASSERT_TRUE(r);
        EXPECT_EQ(r->action(), action);
    }
}

TEST(fault, own_text_is_escaped_and_cut)
{
    fault_info info = through_the_wire(
        {fault_code::invalid_options, "option \"<a&b>\x1B[2J\" " + std::string(500, 'x'), "InvalidName"});
    EXPECT_EQ(info.message.find("option \"<a&b>\\x1b[2J\""), 0U);
    EXPECT_LT(info.message.size(), 220U);
    EXPECT_EQ(info.detail, "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/InvalidName");
    info = through_the_wire({fault_code::invalid_options, std::string("nul\0 and \xFF bad", 14), {}});
    EXPECT_EQ(info.message.find("nul\\x00 and \\xff"), 0U);
}

// A number that is in no table still makes a fault.
TEST(fault, unknown_number)
{
    const fault_info info = through_the_wire({static_cast<fault_code>(123456), "why", {}});
    EXPECT_EQ(info.code, 123456U);
    EXPECT_EQ(info.subcode, "w:InternalError");
    EXPECT_EQ(info.message, "why");
    EXPECT_EQ(wsman::find_fault(123456), nullptr);
    EXPECT_EQ(wsman::to_error(info).code(), errc::fault);
    EXPECT_EQ(wsman::to_error(fault_info{}).message(), "The host refused the request");
}

// Quotas come in both forms; clients throttle on the second (error_Code by name, in this namespace).
TEST(fault, quotas_carry_the_wmi_error_too)
{
    const auto r = wsman::read_reply(
        wsman::write_fault({"uuid:2", ""}, {fault_code::quota_operations_per_user, {}, {}}, ""), base::limits{}, "");
    ASSERT_TRUE(r);
    const xml::element* detail = r->payload()->child(soap::ns::s, "Detail");
    ASSERT_EQ(detail->children().size(), 2U);
    EXPECT_TRUE(detail->children()[0]->is(soap::ns::f, "WSManFault"));
    const base::bytes_view ns =
        "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/microsoft/windows/management/MSFT_WmiError";
    const xml::element& wmi = *detail->children()[1];
    EXPECT_TRUE(wmi.is(ns, "MSFT_WmiError"));
    ASSERT_NE(wmi.child(ns, "error_Code"), nullptr);
    EXPECT_EQ(wmi.child(ns, "error_Code")->text(), "2150859174");
    EXPECT_EQ(wmi.child(ns, "CIMStatusCode")->text(), "27");
    EXPECT_EQ(wmi.child(ns, "MessageID")->text(), "HRESULT 0x803381a6");
    EXPECT_TRUE(wsman::is_quota(fault_code::quota_limit));
    EXPECT_FALSE(wsman::is_quota(fault_code::access_denied));
}

TEST(fault, where_the_code_is_found)
{
    struct row
    {
        const char *what, *subcode, *detail;
        std::uint32_t code;
        const char* message;
    };
    const row rows[] = {
        {"attribute", "wsman:InternalError",
         "<f:WSManFault Code='5' Machine='m'><f:Message>no</f:Message></f:WSManFault>", 5, "no"},
        {"signed attribute", "wsman:InternalError", "<f:WSManFault Code='-2144108503'/>", 2150858793U, ""},
        {"attribute out of range", "wsman:InternalError", "<f:WSManFault Code='4294967296'/>", 0, ""},
        {"attribute no number", "wsman:InternalError", "<f:WSManFault Code='0x5'/>", 0, ""},
        {"error_Code", "wsman:QuotaLimit",
         "<q:MSFT_WmiError><q:error_Code>2150859174</q:error_Code><q:Message>q</q:Message></q:MSFT_WmiError>",
         2150859174U, "q"},
        {"MessageID", "wsman:QuotaLimit",
         "<q:MSFT_WmiError><q:MessageID>HRESULT 0x803381a6</q:MessageID></q:MSFT_WmiError>", 2150859174U, ""},
        {"attribute before error_Code", "wsman:QuotaLimit",
         "<q:MSFT_WmiError><q:error_Code>1</q:error_Code></q:MSFT_WmiError><f:WSManFault Code='5'/>", 5, ""},
        {"subcode alone", "wsman:TimedOut", "", 2150858793U, ""},
        {"subcode of an undeclared prefix", "w:TimedOut", "", 2150858793U, ""},
        {"subcode that several have", "wsman:InternalError", "", 0, ""},
        {"provider's own words", "wsman:InternalError",
         "<f:WSManFault Code='7'><f:Message><f:ProviderFault "
         "provider='p'>words</f:ProviderFault></f:Message></f:WSManFault>",
         7, "words"},
        {"fault in a fault", "wsman:InternalError",
         "<f:WSManFault Code='7'><f:Message><f:ProviderFault><f:WSManFault "
         "Code='8'><f:Message>inner</f:Message></f:WSManFault></f:ProviderFault></f:Message></f:WSManFault>",
         7, "inner"},
    };
    for (const row& r : rows) {
        SCOPED_TRACE(r.what);
        const fault_info info = read_detail(r.subcode, r.detail);
        EXPECT_EQ(info.code, r.code);
        EXPECT_EQ(info.message, r.message);
        EXPECT_EQ(info.role, "Receiver");
        EXPECT_EQ(info.subcode.substr(0, 2), "w:");
    }
}

TEST(fault, subcodes_by_name)
{
    EXPECT_EQ(wsman::subcode_by_local_name("InvalidSelectors"), "w:InvalidSelectors");
    EXPECT_EQ(wsman::subcode_by_local_name("ActionNotSupported"), "a:ActionNotSupported");
    EXPECT_EQ(wsman::subcode_by_local_name("FilteringNotSupported"), ""); // of enumeration and of eventing
    EXPECT_EQ(wsman::subcode_by_local_name("Nothing"), "");
    EXPECT_EQ(wsman::find_fault_by_subcode("w:InternalError"), nullptr);
    EXPECT_EQ(wsman::find_fault_by_subcode(""), nullptr);
}
