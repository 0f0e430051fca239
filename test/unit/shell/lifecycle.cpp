#include "shell/lifecycle.h"

#include <gtest/gtest.h>

#include <set>

namespace winrm::shell {
namespace {

TEST(lifecycle, no_row_stands_twice)
{
    std::set<std::pair<shell_phase, shell_step>> shells;
    for (const auto& row : shell_transitions()) EXPECT_TRUE(shells.insert({row.from, row.step}).second);
    std::set<std::pair<command_phase, command_step>> commands;
    for (const auto& row : command_transitions()) EXPECT_TRUE(commands.insert({row.from, row.step}).second);
}

TEST(lifecycle, nothing_follows_the_end)
{
    for (const auto& row : shell_transitions()) EXPECT_NE(row.from, shell_phase::closed);
    for (const auto& row : command_transitions()) EXPECT_NE(row.from, command_phase::ended);
}

TEST(lifecycle, an_open_shell_ends_through_delete_only)
{
    for (const auto& row : shell_transitions()) {
        if (row.from != shell_phase::open) continue;
        if (row.step == shell_step::disconnect) continue; // and from there through Reconnect, or Delete
        EXPECT_EQ(row.to, row.step == shell_step::used_up ? shell_phase::renewing : shell_phase::closing);
    }
    EXPECT_EQ(next(shell_phase::closing, shell_step::deleted), shell_phase::closed);
    EXPECT_EQ(next(shell_phase::renewing, shell_step::deleted), shell_phase::opening);
    EXPECT_FALSE(next(shell_phase::open, shell_step::deleted));
}

} // namespace
} // namespace winrm::shell
