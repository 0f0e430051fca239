#include "base/spelling.h"

#include <gtest/gtest.h>

using winrm::base::edit_distance;

TEST(spelling, letters_to_change)
{
    struct row
    {
        const char *a, *b;
        std::size_t distance;
    };
    for (const row& r : {row{"", "", 0}, row{"", "abc", 3}, row{"port", "port", 0}, row{"PORT", "port", 0},
                         row{"prt", "port", 1}, row{"porrt", "port", 1}, row{"pert", "port", 1}, row{"prot", "port", 1},
                         row{"kitten", "sitting", 3}, row{"ab", "xy", 2}}) {
        EXPECT_EQ(edit_distance(r.a, r.b), r.distance) << r.a << ' ' << r.b;
        EXPECT_EQ(edit_distance(r.b, r.a), r.distance) << r.b << ' ' << r.a;
    }
}
