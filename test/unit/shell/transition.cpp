// Issue 9: one look-up for all tables of transitions.
#include "shell/transition.h"

#include <gtest/gtest.h>

#include <array>

namespace winrm::shell {
namespace {

enum class phase { off, on };
enum class turn { on, off };
struct row
{
    phase from;
    turn step;
    phase to;
};
constexpr std::array<row, 2> table{{{phase::off, turn::on, phase::on}, {phase::on, turn::off, phase::off}}};

TEST(transition, a_step_without_a_row_leaves_the_phase)
{
    static_assert(find_transition(table, phase::off, turn::on) == phase::on);
    static_assert(!find_transition(table, phase::off, turn::off));
    phase at = phase::off;
    EXPECT_FALSE(take_transition(table, at, turn::off));
    EXPECT_EQ(at, phase::off);
    EXPECT_TRUE(take_transition(table, at, turn::on));
    EXPECT_EQ(at, phase::on);
    EXPECT_FALSE(take_transition(table, at, turn::on));
    EXPECT_EQ(at, phase::on);
}

} // namespace
} // namespace winrm::shell
