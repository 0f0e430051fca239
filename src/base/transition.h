// Look-up in a table of transitions: rows {from, step, to}.
#pragma once

#include <optional>

namespace winrm::base {

/// @return nullopt: no row, the step means nothing in this phase.
template <class Table, class Phase, class Step>
[[nodiscard]] constexpr std::optional<Phase> find_transition(const Table& table, Phase from, Step step) noexcept
{
    for (const auto& row : table)
        if (row.from == from && row.step == step) return row.to;
    return std::nullopt;
}

/// Takes the step. @return false: it means nothing in this phase, which stays.
template <class Table, class Phase, class Step>
constexpr bool take_transition(const Table& table, Phase& phase, Step step) noexcept
{
    const auto to = find_transition(table, phase, step);
    if (to) phase = *to;
    return to.has_value();
}

} // namespace winrm::base
