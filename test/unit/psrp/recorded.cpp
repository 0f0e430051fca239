// Recorded PSRP of Windows and the specification's examples: read, understood, written again with the same meaning.
#include "clixml/reader.h"
#include "clixml/writer.h"
#include "psrp/content.h"
#include "psrp/fragment.h"
#include "unit/psrp/recordings.h"
#include "unit/psrp/same_meaning.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <set>

namespace winrm::psrp {
namespace {

std::string sha256(std::string_view data)
{
    unsigned char digest[32];
    unsigned int size = 0;
    EVP_Digest(data.data(), data.size(), digest, &size, EVP_sha256(), nullptr);
    std::string out;
    for (const unsigned char c : digest) {
        out += "0123456789abcdef"[c >> 4U];
        out += "0123456789abcdef"[c & 15U];
    }
    return out;
}

// Octets as they lie in the message, in the order of the text: how the recordings name them.
std::string raw_text(const std::optional<base::uuid>& id)
{
    base::bytes lying;
    write_guid(id.value_or(base::uuid{}), lying);
    std::array<std::uint8_t, 16> octets{};
    for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = static_cast<std::uint8_t>(lying[i]);
    std::string text = base::uuid::from_octets(octets).text();
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}
std::string dotnet_text(const std::optional<base::uuid>& id)
{
    std::string text = id.value_or(base::uuid{}).text();
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

/// Messages of one direction and stream, with the number of fragments of each.
struct stream_reader
{
    defragmenter whole;
    std::map<std::uint64_t, std::size_t> fragments;
    std::uint64_t last = 0;
    std::vector<std::pair<message, std::size_t>> push(base::bytes_view bytes)
    {
        std::vector<std::pair<message, std::size_t>> out;
        while (!bytes.empty()) {
            auto f = read_fragment(bytes, 1024 * 1024);
            EXPECT_TRUE(f && *f);
            if (!f || !*f) return out;
            const std::size_t size = fragment_header_size + (*f)->blob.size();
            ++fragments[(*f)->object_id];
            const auto pushed = whole.push(bytes.substr(0, size));
            EXPECT_TRUE(pushed) << to_string(pushed.error());
            if (!pushed) return out;
            bytes.remove_prefix(size);
            while (auto m = whole.poll()) {
                auto read = read_message(std::move(*m));
                EXPECT_TRUE(read) << to_string(read.error());
                if (read) out.emplace_back(std::move(*read), fragments[(*f)->object_id]);
                fragments.erase((*f)->object_id);
            }
        }
        return out;
    }
};

void check_meaning(const message& m)
{
    if (m.type == message_type::end_of_pipeline_input) return;
    auto before = clixml::read(m.data);
    ASSERT_TRUE(before) << to_string(before.error()) << ' ' << m.data.substr(0, 200);
    auto content = read_content(m);
    ASSERT_TRUE(content) << to_string(content.error()) << ' ' << m.data.substr(0, 1000);
    auto after = clixml::read(write_content(*content));
    ASSERT_TRUE(after);
    EXPECT_EQ(test::difference(*before, *after), "") << m.data.substr(0, 3000);
}

void check_recording(const test::psrp_recording& r)
{
    SCOPED_TRACE(r.name);
    using key = std::tuple<bool, std::optional<base::uuid>, std::optional<base::uuid>, bool>;
    std::map<key, stream_reader> readers;
    std::set<std::optional<base::uuid>> of_powershell;
    std::size_t at = 0;
    for (std::size_t i = 0; i < r.exchanges.size(); ++i) {
        const auto& x = r.exchanges[i];
        const bool creation =
            std::any_of(x.request.begin(), x.request.end(), [](const auto& c) { return c.stream == "creationXml"; });
        if (creation) of_powershell.insert(x.shell);
        if (!of_powershell.contains(x.shell)) continue; // a cmd shell beside it
        if (x.action == "Create" || (x.action == "Connect" && !x.command))
            std::erase_if(readers, [&](const auto& e) { return std::get<1>(e.first) == x.shell; });
        for (const bool of_request : {true, false})
            for (const auto& c : of_request ? x.request : x.answer)
                for (auto& [m, fragments] :
                     readers[{of_request, x.shell, c.command, c.stream == "pr" || c.stream == "connectResponseXml"}]
                         .push(c.fragments)) {
                    SCOPED_TRACE(std::to_string(i) + " " + std::string{name(m.type)});
                    ASSERT_LT(at, r.messages.size());
                    const auto& e = r.messages[at++];
                    EXPECT_EQ(e.exchange, i);
                    EXPECT_EQ(e.of_request, of_request);
                    EXPECT_EQ(e.type, name(m.type));
                    EXPECT_EQ(e.destination, m.destination == destination::client ? "client" : "server");
                    EXPECT_TRUE(e.rpid == raw_text(m.pool) || e.rpid == dotnet_text(m.pool)) << e.rpid;
                    EXPECT_TRUE(e.pid == raw_text(m.pipeline) || e.pid == dotnet_text(m.pipeline)) << e.pid;
                    EXPECT_EQ(e.fragments, fragments);
                    EXPECT_EQ(e.bytes, m.data.size());
                    EXPECT_EQ(e.sha256, sha256(m.data));
                    check_meaning(m);
                }
    }
    EXPECT_EQ(at, r.messages.size());
}

TEST(recorded_psrp, each_message_is_read_understood_and_written_again)
{
    const auto all = test::psrp_recordings();
    if (all.empty()) GTEST_SKIP() << test::no_recordings;
    std::size_t messages = 0;
    for (const auto& r : all) {
        check_recording(r);
        messages += r.messages.size();
    }
    RecordProperty("messages", static_cast<int>(messages));
    EXPECT_GE(messages, 400u);
}

TEST(recorded_psrp, fragments_of_another_client)
{
    const auto all = test::psrp_fragment_recordings();
    if (all.empty()) GTEST_SKIP() << test::no_recordings;
    for (const auto& r : all) check_recording(r);
}

TEST(recorded_psrp, examples_of_the_specification)
{
    const auto all = test::psrp_examples();
    if (all.empty()) GTEST_SKIP() << test::no_recordings;
    const std::map<std::string, message_type> types{{"2.2.2.1", message_type::session_capability},
                                                    {"2.2.2.2", message_type::init_runspacepool},
                                                    {"2.2.2.3", message_type::public_key},
                                                    {"2.2.2.4", message_type::encrypted_session_key},
                                                    {"2.2.2.5", message_type::public_key_request},
                                                    {"2.2.2.6", message_type::set_max_runspaces},
                                                    {"2.2.2.7", message_type::set_min_runspaces},
                                                    {"2.2.2.8", message_type::runspace_availability},
                                                    {"2.2.2.9", message_type::runspacepool_state},
                                                    {"2.2.2.10", message_type::create_pipeline},
                                                    {"2.2.2.11", message_type::get_available_runspaces},
                                                    {"2.2.2.12", message_type::user_event},
                                                    {"2.2.2.13", message_type::application_private_data},
                                                    {"2.2.2.14", message_type::get_command_metadata},
                                                    {"2.2.2.15", message_type::runspacepool_host_call},
                                                    {"2.2.2.16", message_type::runspacepool_host_response},
                                                    {"2.2.2.20", message_type::error_record},
                                                    {"2.2.2.21", message_type::pipeline_state},
                                                    {"2.2.2.22", message_type::debug_record},
                                                    {"2.2.2.23", message_type::verbose_record},
                                                    {"2.2.2.24", message_type::warning_record},
                                                    {"2.2.2.25", message_type::progress_record},
                                                    {"2.2.2.26", message_type::information_record},
                                                    {"2.2.2.29", message_type::connect_runspacepool},
                                                    {"2.2.2.30", message_type::runspacepool_init_data},
                                                    {"2.2.2.31", message_type::reset_runspace_state},
                                                    {"2.2.3.25", message_type::pipeline_host_response},
                                                    {"2.2.3.26", message_type::pipeline_host_response}};
    // The conversion of the specification to text lost its Booleans: their names, in order.
    const std::map<std::string, std::vector<std::string>> lost{
        {"2.2.2.2_1", {"_isHostNull", "_isHostUINull", "_isHostRawUINull", "_useRunspaceHost"}},
        {"2.2.2.8_1", {"SetMinMaxRunspacesResponse"}},
        {"2.2.2.10_1",
         {"IsScript", "IsNested", "NoInput", "AddToHistory", "_isHostNull", "_isHostUINull", "_isHostRawUINull",
          "_useRunspaceHost", "IsNested"}},
        {"2.2.2.12_1", {"AutoReset", "Enabled"}},
        {"2.2.2.20_1", {"ExpectingInput", "SerializeExtendedInfo", "InvocationInfo_ExpectingInput"}},
        {"2.2.2.21_1", {"SerializeExtendedInfo"}},
        {"2.2.2.26_1", {"SerializeInvocationInfo"}},
        {"2.2.3.22_1", {"IsDynamic", "SwitchParameter"}},
        {"2.2.3.26_1", {"keyDown"}}};
    const auto restored = [&](const test::psrp_example& e) {
        std::string text = e.clixml;
        for (const std::string broken : {"\">\nSystem", "Coordinates\n"}) // lines broken within a text
            for (auto at = text.find(broken); at != std::string::npos; at = text.find(broken))
                text.erase(text.find('\n', at), 1);
        if (const auto names = lost.find(e.name); names != lost.end())
            for (const std::string& n : names->second)
                for (const std::string word : {"true", "false"}) {
                    const auto at = text.find("**");
                    if (text.compare(at + 2, word.size(), word) != 0) continue;
                    text.replace(at, word.size() + 4, "<B N=\"" + n + "\">" + word + "</B>");
                    break;
                }
        return text;
    };
    std::size_t read = 0, not_well_formed = 0;
    for (const auto& e : all) {
        if (e.name.starts_with("2.2.3.2") && !types.contains(e.name.substr(0, e.name.find('_')))) {
            const auto v = clixml::read(restored(e));
            ASSERT_TRUE(v);
            if (e.name == "2.2.3.2_1") {
                EXPECT_EQ(decode_size(*v).value(), (size{181, 98}));
            }
            if (e.name == "2.2.3.21_1") {
                EXPECT_EQ(command_metadata_count::from_value(*v)->count, 1);
            }
            if (e.name == "2.2.3.22_1") {
                const auto c = command_metadata::from_value(*v);
                ASSERT_TRUE(c);
                EXPECT_EQ(test::difference(*v, c->to_value()), "");
                EXPECT_EQ(c->parameters.at(0).type_name, "System.String[]");
            }
        }
        if (e.name == "2.2.3.1_1") {
            EXPECT_EQ(decode_coordinates(*clixml::read(e.clixml)).value(), (coordinates{0, 0}));
        }
        if (e.name == "2.2.3.3_1") {
            EXPECT_EQ(decode_color(*clixml::read(e.clixml)).value(), color::dark_magenta);
        }
        if (e.name == "2.2.2.29_2") continue; // a property without a name: means neither
        const auto type = types.find(e.name.substr(0, e.name.find('_')));
        if (type == types.end()) continue;
        SCOPED_TRACE(e.name);
        if (!clixml::read(e.clixml)) {
            ++not_well_formed; // the specification's own misprints
            continue;
        }
        check_meaning({destination::client, type->second, {}, {}, restored(e)});
        ++read;
    }
    EXPECT_GE(read, 24u);
    EXPECT_LE(not_well_formed, 4u);
}

} // namespace
} // namespace winrm::psrp
