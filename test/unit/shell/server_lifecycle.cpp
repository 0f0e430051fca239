#include "shell/server_lifecycle.h"

#include <gtest/gtest.h>

#include <set>

namespace winrm::shell {
namespace {

using shell_phase_s = server_shell_phase;
using shell_step_s = server_shell_step;
using phase_s = server_command_phase;
using step_s = server_command_step;

TEST(server_lifecycle, no_row_stands_twice)
{
    std::set<std::pair<shell_phase_s, shell_step_s>> shells;
    for (const auto& row : server_shell_transitions()) EXPECT_TRUE(shells.insert({row.from, row.step}).second);
    std::set<std::pair<phase_s, step_s>> commands;
    for (const auto& row : server_command_transitions()) EXPECT_TRUE(commands.insert({row.from, row.step}).second);
}

TEST(server_lifecycle, nothing_follows_the_end)
{
    for (const auto& row : server_shell_transitions()) EXPECT_NE(row.from, shell_phase_s::closing);
    for (const auto& row : server_command_transitions()) EXPECT_NE(row.from, phase_s::reported);
}

TEST(server_lifecycle, a_shell_can_be_closed_from_everywhere_and_once)
{
    for (const auto from : {shell_phase_s::connected, shell_phase_s::disconnected})
        EXPECT_EQ(next(from, shell_step_s::close), shell_phase_s::closing);
    EXPECT_FALSE(next(shell_phase_s::closing, shell_step_s::close));
}

TEST(server_lifecycle, a_disconnected_shell_comes_back_by_reconnect_or_connect)
{
    EXPECT_EQ(next(shell_phase_s::connected, shell_step_s::disconnect), shell_phase_s::disconnected);
    for (const auto back : {shell_step_s::reconnect, shell_step_s::connect}) {
        EXPECT_EQ(next(shell_phase_s::disconnected, back), shell_phase_s::connected);
        EXPECT_FALSE(next(shell_phase_s::connected, back));
    }
    EXPECT_FALSE(next(shell_phase_s::disconnected, shell_step_s::disconnect));
}

/// Comparisons such as `phase >= ended` rest on it.
TEST(server_lifecycle, a_command_goes_through_its_phases_in_their_order_and_skips_none)
{
    for (const auto& row : server_command_transitions())
        EXPECT_EQ(static_cast<int>(row.to), static_cast<int>(row.from) + 1);
    EXPECT_EQ(next(phase_s::starting, step_s::start), phase_s::running);
    EXPECT_EQ(next(phase_s::running, step_s::exit), phase_s::exited);
    EXPECT_EQ(next(phase_s::exited, step_s::drain), phase_s::ended);
    EXPECT_EQ(next(phase_s::ended, step_s::report), phase_s::reported);
    EXPECT_FALSE(next(phase_s::running, step_s::drain)) << "pipes may be closed long before the process ends";
    EXPECT_FALSE(next(phase_s::reported, step_s::report)) << "told again, but once in the list of finished ones";
}

} // namespace
} // namespace winrm::shell
