#include "psrp/lifecycle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace winrm::psrp {
namespace {

template <class Row> void each_row_is_one_of_a_kind(std::span<const Row> rows)
{
    std::set<std::pair<int, int>> seen;
    for (const Row& r : rows) EXPECT_TRUE(seen.emplace(static_cast<int>(r.from), static_cast<int>(r.step)).second);
}

template <class Row, class Phase> std::set<Phase> reachable(std::span<const Row> rows, Phase from)
{
    std::set<Phase> found{from};
    for (std::size_t before = 0; before != found.size();) {
        before = found.size();
        for (const Row& r : rows)
            if (found.contains(r.from)) found.insert(r.to);
    }
    return found;
}

TEST(lifecycle, tables_are_functions_and_reach_each_phase)
{
    each_row_is_one_of_a_kind(pool_transitions());
    each_row_is_one_of_a_kind(pipeline_transitions());
    each_row_is_one_of_a_kind(server_pool_transitions());
    EXPECT_EQ(reachable(pool_transitions(), pool_phase::before_open).size(), 11u);
    EXPECT_EQ(reachable(pipeline_transitions(), pipeline_phase::queued).size(), 7u);
    EXPECT_EQ(reachable(server_pool_transitions(), server_pool_phase::before_open).size(), 7u);
}

TEST(lifecycle, each_phase_can_end_and_ends_are_final)
{
    for (const auto& r : pool_transitions()) {
        EXPECT_NE(r.from, pool_phase::closed);
        EXPECT_NE(r.from, pool_phase::broken);
        EXPECT_TRUE(reachable(pool_transitions(), r.from).contains(pool_phase::closed));
    }
    for (const auto& r : pipeline_transitions())
        EXPECT_TRUE(r.from != pipeline_phase::ended || r.to == pipeline_phase::ended);
    for (const auto phase : {pipeline_phase::queued, pipeline_phase::starting, pipeline_phase::starting_to_stop,
                             pipeline_phase::running, pipeline_phase::stop_due, pipeline_phase::stopping})
        EXPECT_EQ(next(phase, pipeline_step::end), pipeline_phase::ended);
    for (const auto& r : server_pool_transitions()) {
        EXPECT_NE(r.from, server_pool_phase::closed);
        EXPECT_NE(r.from, server_pool_phase::broken);
    }
}

TEST(lifecycle, as_the_specification_says)
{
    EXPECT_EQ(next(pool_phase::before_open, pool_step::open), pool_phase::opening);
    EXPECT_EQ(next(pool_phase::opening, pool_step::opened), std::nullopt) << "SESSION_CAPABILITY comes first";
    EXPECT_EQ(next(pool_phase::before_open, pool_step::disconnect), std::nullopt) << "3.1.4.9: only when opened";
    EXPECT_EQ(next(pool_phase::reconnecting, pool_step::refused), pool_phase::broken) << "3.1.4.10.2";
    EXPECT_EQ(next(server_pool_phase::before_open, server_pool_step::init), std::nullopt);
    EXPECT_EQ(state_of(pool_phase::opening), runspacepool_state::negotiation_sent);
    EXPECT_EQ(state_of(pipeline_phase::stop_due), invocation_state::stopping);
    EXPECT_EQ(state_of(server_pool_phase::disconnected), runspacepool_state::disconnected);
    EXPECT_EQ(name(runspacepool_state::negotiation_succeeded), "NegotiationSucceeded");
    EXPECT_EQ(name(invocation_state::not_started), "NotStarted");
    EXPECT_EQ(name(static_cast<invocation_state>(77)), "Unknown");
    EXPECT_EQ(name(error_category::not_enabled), "NotEnabled");
}

} // namespace
} // namespace winrm::psrp
