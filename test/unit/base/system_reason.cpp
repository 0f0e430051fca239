#include "base/system_reason.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

using namespace winrm::base;

namespace {

/// What a file or a socket can run into.
constexpr int numbers[] = {ENOENT,       EACCES,   EPERM,      ENOSPC,        EISDIR,       EMFILE,    ENFILE,
                           EIO,          EROFS,    EDQUOT,     EINVAL,        ECONNREFUSED, ETIMEDOUT, ENETUNREACH,
                           EHOSTUNREACH, ENETDOWN, ECONNRESET, EADDRNOTAVAIL, EAFNOSUPPORT, ENODEV,    EPROTO};

} // namespace

TEST(system_reason, s18_the_words_of_errno_never_stand_alone)
{
    for (const int number : numbers) {
        for (const auto& text : {file_reason(number), network_reason(number)}) {
            EXPECT_NE(text, std::strerror(number));
            EXPECT_GT(text.size(), 10U);
            EXPECT_NE(text.back(), '.');
        }
    }
    EXPECT_NE(file_reason(ENOSPC).find("make room"), std::string::npos);
    EXPECT_NE(network_reason(EMFILE).find("ulimit -n"), std::string::npos);
    EXPECT_EQ(file_reason(EPROTO), "the system gives as its reason: Protocol error (error number 71)");
}
