#include "service/monitor/limit_notes.h"

#include <gtest/gtest.h>

namespace winrm::service::monitor {
namespace {

TEST(limit_notes, i11_controllers_are_whole_words)
{
    struct row
    {
        const char* text;
        bool memory, pids;
    };
    for (const row& r : {row{"", false, false}, row{"cpuset cpu io memory hugetlb pids rdma\n", true, true},
                         row{"pids", false, true}, row{"memory\n", true, false}, row{"memoryx xpids", false, false}}) {
        const auto found = controllers_in(r.text);
        EXPECT_EQ(found.memory, r.memory) << r.text;
        EXPECT_EQ(found.pids, r.pids) << r.text;
    }
}

TEST(limit_notes, i11_said_when_set_and_not_counted_by_shell)
{
    limit_settings limits;
    EXPECT_TRUE(limit_notes(limits, {}).empty()) << "nothing is set";
    limits.max_processes_per_shell = 100'000;
    limits.max_shells_per_user = 10'000;
    limits.max_memory_per_shell_mb = 64;
    EXPECT_TRUE(limit_notes(limits, {true, true}).empty());
    const auto both = limit_notes(limits, {});
    ASSERT_EQ(both.size(), 2U);
    EXPECT_NE(both[0].find("100000 times 10000 (max_shells_per_user) = 1000000000"), std::string::npos) << both[0];
    EXPECT_EQ(both[1].find("max_memory_per_shell_mb holds for each process"), 0U);
    EXPECT_EQ(limit_notes(limits, {true, false}).at(0), both[0]);
    EXPECT_EQ(limit_notes(limits, {false, true}).at(0), both[1]);
}

} // namespace
} // namespace winrm::service::monitor
