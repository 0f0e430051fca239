#include "gss/configuration.h"

#include "base/text.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace winrm::gss {
namespace {

constexpr std::size_t most_files = 64;
constexpr int deepest = 8;

void add(const std::string& name, std::vector<std::string>& all, int depth)
{
    namespace fs = std::filesystem;
    std::error_code failed;
    if (depth > deepest || all.size() >= most_files || std::find(all.begin(), all.end(), name) != all.end()) return;
    if (!fs::exists(name, failed)) return;
    all.push_back(name);
    if (fs::is_directory(name, failed)) {
        for (const fs::directory_entry& entry : fs::directory_iterator(name, failed))
            if (entry.is_regular_file(failed)) add(entry.path().string(), all, depth + 1);
        return;
    }
    std::ifstream file(name);
    for (std::string line; std::getline(file, line);) {
        // "include FILE" or "includedir FOLDER", at the beginning of a line (krb5.conf(5))
        const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
        const std::string_view word = std::string_view(line).substr(0, blank);
        if (word == "include" || word == "includedir")
            add(std::string(base::trim(std::string_view(line).substr(blank))), all, depth + 1);
    }
}

} // namespace

std::vector<std::string> configuration_files()
{
    const char* const named = std::getenv("KRB5_CONFIG");
    std::string_view names = named != nullptr ? named : "/etc/krb5.conf";
    std::vector<std::string> all;
    while (!names.empty()) {
        const std::string_view one = names.substr(0, names.find(':'));
        names.remove_prefix(std::min(names.size(), one.size() + 1));
        if (!one.empty()) add(std::string(one), all, 0);
    }
    return all;
}

} // namespace winrm::gss
