// How problems of the configuration are told; for config.cpp and config_checks.cpp.
#pragma once

#include "service/monitor/config.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace winrm::service::monitor {

[[nodiscard]] inline config_problem problem_at(const std::string& file, unsigned line, std::string what)
{
    return {line == 0 ? file : file + ':' + std::to_string(line), std::move(what), line};
}

inline void sort_by_line(std::vector<config_problem>& all)
{
    constexpr auto position = [](const config_problem& p) { return p.line == 0 ? ~0u : p.line; };
    std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return position(a) < position(b); });
}

} // namespace winrm::service::monitor
