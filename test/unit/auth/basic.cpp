#include "auth/basic.h"

#include "base/base64.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace winrm::auth {
namespace {

std::string basic(const std::string& clear) { return "Basic " + base::base64_encode(clear); }

TEST(basic, what_one_end_makes_the_other_reads)
{
    struct row
    {
        std::string user, password;
    };
    const row rows[] = {{"ada", "pw"},
                        {"CORP\\ada", "a:b:c"},
                        {"ada@corp.example", ""},
                        {"jürgen", "pässwörd €"},
                        {std::string(1024, 'u'), std::string(1024, 'p')}};
    for (const row& r : rows) {
        const base::secret value = make_basic(r.user, r.password);
        const auto read = parse_basic(value.reveal());
        ASSERT_TRUE(read) << r.user;
        EXPECT_EQ(read->user, r.user);
        EXPECT_EQ(read->password.reveal(), r.password);
    }
}

TEST(basic, RFC_7617_example)
{
    EXPECT_EQ(make_basic("Aladdin", "open sesame").reveal(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST(basic, the_scheme_is_read_in_any_case_and_with_any_number_of_spaces)
{
    for (const base::bytes_view text : {"basic YWRhOnB3", "BASIC YWRhOnB3", "Basic   YWRhOnB3"}) {
        EXPECT_TRUE(parse_basic(text)) << text;
    }
}

TEST(basic, everything_else_is_refused)
{
    const std::pair<const char*, std::string> rows[] = {
        {"empty", ""},
        {"scheme only", "Basic"},
        {"no token", "Basic "},
        {"other scheme", "Negotiate YWRhOnB3"},
        {"longer scheme", "Basics YWRhOnB3"},
        {"tab", "Basic\tYWRhOnB3"},
        {"no space", "BasicYWRhOnB3"},
        {"space inside", "Basic YWRh OnB3"},
        {"line end inside", "Basic YWRh\r\nOnB3"},
        {"list", "Basic YWRhOnB3, Basic YWRhOnB3"},
        {"url alphabet", "Basic YWRhOnB-_w=="},
        {"padding missing", "Basic YWRhOnB3dw"},
        {"stray bits", "Basic YWRhOnB3dx=="},
        {"no colon", basic("adapw")},
        {"no user", basic(":pw")},
        {"NUL in the user", basic(std::string{"a\0b:pw", 6})},
        {"NUL in the password", basic(std::string{"ada:p\0w", 7})},
        {"line end in the user", basic("a\nb:pw")},
        {"DEL", basic("ada:p\x7fw")},
        {"not UTF-8", basic("ada:\xff\xfe")},
        {"long user", basic(std::string(1025, 'u') + ":p")},
        {"long password", basic("u:" + std::string(1025, 'p'))},
        {"very long", basic("u:" + std::string(1'000'000, 'p'))},
    };
    for (const auto& [name, value] : rows) EXPECT_FALSE(parse_basic(value)) << name;
}

TEST(basic, S2_a_password_cannot_be_copied_by_accident)
{
    static_assert(!std::is_copy_constructible_v<basic_credentials>);
    static_assert(std::is_move_constructible_v<basic_credentials>);
}

} // namespace
} // namespace winrm::auth
