#include "unit/shell/recordings.h"

#include "base/base64.h"
#include "base/text.h"

#include <boost/json/src.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace winrm::test {
namespace {

namespace json = boost::json;

std::vector<std::filesystem::path> files_of(const std::string& folder)
{
    std::vector<std::filesystem::path> files;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

json::object load(const std::filesystem::path& file)
{
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return json::parse(text.str()).as_object();
}

std::string text_at(const json::object& o, const char* name)
{
    const auto* value = o.if_contains(name);
    return value == nullptr || !value->is_string() ? std::string() : std::string(value->as_string());
}

std::string stream_at(const json::object& o, const char* name)
{
    std::string out;
    if (const auto* stream = o.if_contains(name))
        (void)base::base64_decode(text_at(stream->as_object(), "base64"), out);
    return out;
}

std::vector<recording> conversations_of(const std::string& folder)
{
    std::vector<recording> all;
    for (const auto& file : files_of(folder)) {
        const auto o = load(file);
        recording r{file.stem().string(), {}, {}};
        for (const auto& e : o.at("exchanges").as_array()) {
            r.exchanges.push_back(
                {text_at(e.at("request").as_object(), "body"), text_at(e.at("response").as_object(), "body")});
        }
        if (const auto* commands = o.at("expect").as_object().if_contains("commands")) {
            for (const auto& [id, c] : commands->as_object()) {
                const auto& what = c.as_object();
                expected_command e{std::string(id), stream_at(what, "stdout"), stream_at(what, "stderr"), {}};
                if (const auto* code = what.if_contains("exit_code"); code != nullptr && code->is_int64()) {
                    e.exit_code = code->as_int64();
                }
                r.commands.push_back(std::move(e));
            }
        }
        all.push_back(std::move(r));
    }
    return all;
}

} // namespace

std::vector<recording> own_conversations() { return conversations_of(TEST_SOURCE_DIR "/vectors/shell"); }
std::vector<recording> shell_recordings() { return conversations_of(SHARED_VECTORS "/winrs"); }

std::vector<recording> powershell_recordings()
{
    auto all = conversations_of(SHARED_VECTORS "/psrp");
    for (auto& r : conversations_of(SHARED_VECTORS "/psrp-files")) all.push_back(std::move(r));
    return all;
}

std::vector<recorded_message> recorded_messages()
{
    std::vector<recorded_message> all;
    for (const auto& file : files_of(SHARED_VECTORS "/messages")) {
        const auto o = load(file);
        recorded_message m{file.stem().string(), text_at(o, "body"), false, 0};
        const auto* expect = o.if_contains("expect");
        if (const auto* fault = expect == nullptr ? nullptr : expect->as_object().if_contains("fault")) {
            m.is_fault = true;
            const auto number = base::parse_unsigned(text_at(fault->as_object(), "wsman_code"));
            m.fault_code = static_cast<std::uint32_t>(number.value_or(0));
        }
        all.push_back(std::move(m));
    }
    return all;
}

} // namespace winrm::test
