#include "unit/wsman/recorded.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wshadow"
#include <boost/json/src.hpp>
#pragma GCC diagnostic pop

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace json = boost::json;
namespace fs = std::filesystem;

namespace test {
namespace {

std::vector<fs::path> files_of(const std::string& folder)
{
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::string text_of(const json::value& v) { return v.is_string() ? std::string(v.as_string()) : std::string(); }

void read_expect(const json::value* expect, const std::string& prefix, message& m)
{
    if (expect == nullptr || !expect->is_object()) return;
    for (const auto& [key, value] : expect->as_object()) {
        const std::string name = prefix + std::string(key);
        if (value.is_string()) m.expect[name] = text_of(value);
        else read_expect(&value, name + "/", m);
    }
}

void read_side(const json::value& exchange, const json::value* expected, const char* side, const std::string& file,
               std::vector<message>& all)
{
    const json::value* part = exchange.as_object().if_contains(side);
    if (part == nullptr || !part->is_object()) return;
    const json::value* body = part->as_object().if_contains("body");
    if (body == nullptr || text_of(*body).empty()) return;
    message m;
    m.file = file + " " + side;
    m.body = text_of(*body);
    m.request = std::string(side) == "request";
    if (expected != nullptr && expected->is_object()) read_expect(expected->as_object().if_contains(side), "", m);
    all.push_back(std::move(m));
}

} // namespace

std::string read_file(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

std::optional<std::vector<message>> read_messages(const std::string& folder)
{
    if (!fs::is_directory(folder)) return std::nullopt;
    std::vector<message> all;
    for (const fs::path& path : files_of(folder)) {
        const json::value file = json::parse(read_file(path.string()));
        const json::object& o = file.as_object();
        message m;
        m.file = path.filename().string();
        m.body = text_of(o.at("body"));
        if (const json::value* flag = o.if_contains("well_formed")) m.well_formed = flag->as_bool();
        read_expect(o.if_contains("expect"), "", m);
        all.push_back(std::move(m));
    }
    return all;
}

std::optional<std::vector<message>> read_conversations(const std::string& folder)
{
    if (!fs::is_directory(folder)) return std::nullopt;
    std::vector<message> all;
    for (const fs::path& path : files_of(folder)) {
        const json::value file = json::parse(read_file(path.string()));
        const json::array& exchanges = file.at("exchanges").as_array();
        const json::array& expected = file.at("expect").at("exchanges").as_array();
        for (std::size_t i = 0; i < exchanges.size(); ++i) {
            const std::string name = path.filename().string() + " exchange " + std::to_string(i);
            const json::value* e = i < expected.size() ? &expected[i] : nullptr;
            read_side(exchanges[i], e, "request", name, all);
            read_side(exchanges[i], e, "response", name, all);
        }
    }
    return all;
}

} // namespace test
