#include "unit/psrp/recordings.h"

#include "base/base64.h"

#include <boost/json/src.hpp>

#include <algorithm>
#include <array>
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
    for (const auto& entry : std::filesystem::directory_iterator(folder, none))
        if (entry.path().extension() == ".json") files.push_back(entry.path());
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

std::string attribute(std::string_view tag, std::string_view name)
{
    const auto at = tag.find(" " + std::string{name} + "=\"");
    if (at == std::string_view::npos) return "";
    const auto from = at + name.size() + 3;
    return std::string{tag.substr(from, tag.find('"', from) - from)};
}

struct element
{
    std::string name, tag, text;
};

// The elements of these names that hold text alone, in order. The recordings are well-formed and have no comments.
std::vector<element> elements(std::string_view body, const std::vector<std::string_view>& names)
{
    std::vector<element> found;
    for (std::size_t at = body.find('<'); at != std::string_view::npos; at = body.find('<', at + 1)) {
        const auto end = body.find('>', at);
        if (end == std::string_view::npos) break;
        const std::string_view tag = body.substr(at + 1, end - at - 1);
        std::string_view name = tag.substr(0, tag.find_first_of(" />"));
        if (const auto colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
        if (tag.starts_with('/') || tag.ends_with('/')) continue;
        if (std::find(names.begin(), names.end(), name) == names.end()) continue;
        found.push_back(
            {std::string{name}, std::string{tag}, std::string{body.substr(end + 1, body.find('<', end) - end - 1)}});
    }
    return found;
}

std::string text_of(std::string_view body, std::string_view name)
{
    const auto found = elements(body, {name});
    return found.empty() ? "" : found.front().text;
}

std::vector<carried> carried_in(std::string_view body, const std::optional<base::uuid>& command)
{
    std::vector<carried> out;
    for (const element& e :
         elements(body, {"Stream", "creationXml", "Arguments", "connectXml", "connectResponseXml"})) {
        carried c;
        c.stream = e.name == "Stream" ? attribute(e.tag, "Name") : e.name;
        const auto id = base::uuid::parse(attribute(e.tag, "CommandId"));
        c.command = id ? id : (e.name == "Arguments" ? command : std::nullopt);
        if (base::base64_decode(e.text, c.fragments) && !c.fragments.empty()) out.push_back(std::move(c));
    }
    return out;
}

psrp_exchange exchange_of(const json::object& e)
{
    const std::string request = text_at(e.at("request").as_object(), "body");
    const std::string answer = text_at(e.at("response").as_object(), "body");
    psrp_exchange x;
    const auto last_part = [](const std::string& uri) { return uri.substr(uri.rfind('/') + 1); };
    x.action = last_part(text_of(request, "Action"));
    x.answer_action = last_part(text_of(answer, "Action"));
    for (const element& s : elements(request, {"Selector"}))
        if (attribute(s.tag, "Name") == "ShellId") x.shell = base::uuid::parse(s.text);
    for (const element& s : elements(request, {"Shell"}))
        if (const auto id = base::uuid::parse(attribute(s.tag, "ShellId"))) x.shell = id;
    if (x.action == "Create") // a host of protocol 2.1 takes no proposal
        for (const element& s : elements(answer, {"Selector"}))
            if (attribute(s.tag, "Name") == "ShellId") x.shell = base::uuid::parse(s.text);
    for (const element& s : elements(request, {"CommandLine", "Stream", "DesiredStream", "Signal", "Connect"}))
        if (const auto id = base::uuid::parse(attribute(s.tag, "CommandId"))) x.command = id;
    x.request = carried_in(request, x.command);
    x.answer = carried_in(answer, x.command);
    return x;
}

expected_message expected_of(const json::object& m)
{
    expected_message e;
    if (const auto* at = m.if_contains("exchange")) e.exchange = static_cast<std::size_t>(at->as_int64());
    e.of_request = text_at(m, "direction") == "request";
    e.type = text_at(m, "type");
    e.destination = text_at(m, "destination");
    e.rpid = text_at(m, "rpid");
    e.pid = text_at(m, "pid");
    e.sha256 = text_at(m, "data_sha256");
    e.fragments = static_cast<std::size_t>(m.at("fragments").as_int64());
    e.bytes = static_cast<std::size_t>(m.at("data_bytes").as_int64());
    return e;
}

} // namespace

std::vector<psrp_recording> psrp_recordings()
{
    std::vector<psrp_recording> all;
    for (const char* folder : {"/psrp", "/psrp-files"})
        for (const auto& file : files_of(std::string{SHARED_VECTORS} + folder)) {
            const auto o = load(file);
            psrp_recording r{file.stem().string(), {}, {}};
            for (const auto& e : o.at("exchanges").as_array()) r.exchanges.push_back(exchange_of(e.as_object()));
            for (const auto& m : o.at("expect").as_object().at("psrp_messages").as_array())
                r.messages.push_back(expected_of(m.as_object()));
            all.push_back(std::move(r));
        }
    return all;
}

std::vector<psrp_recording> psrp_fragment_recordings()
{
    std::vector<psrp_recording> all;
    for (const auto& file : files_of(std::string{SHARED_VECTORS} + "/psrp-fragments")) {
        const auto o = load(file);
        psrp_recording r{file.stem().string(), {}, {}};
        psrp_exchange x{"Create", {}, {}, {{{}, "creationXml", {}}}, {}, {}};
        (void)base::base64_decode(text_at(o, "base64"), x.request.front().fragments);
        r.exchanges.push_back(std::move(x));
        for (const auto& m : o.at("expect").as_array()) {
            r.messages.push_back(expected_of(m.as_object()));
            r.messages.back().of_request = true;
        }
        all.push_back(std::move(r));
    }
    return all;
}

std::vector<psrp_example> psrp_examples()
{
    std::vector<psrp_example> all;
    for (const auto& file : files_of(std::string{SHARED_VECTORS} + "/spec/ms-psrp"))
        all.push_back({file.stem().string(), text_at(load(file), "clixml")});
    return all;
}

} // namespace winrm::test
