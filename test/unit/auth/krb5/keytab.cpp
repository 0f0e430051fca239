#include "auth/krb5/keytab.h"

#include <gtest/gtest.h>

namespace winrm::auth::krb5 {
namespace {

std::string be(std::uint32_t value, int size)
{
    std::string out;
    while (size-- > 0) out += static_cast<char>(value >> (8 * size) & 255U);
    return out;
}
std::string counted(const std::string& text) { return be(static_cast<std::uint32_t>(text.size()), 2) + text; }
std::string record(const std::vector<std::string>& parts, const std::string& tail = be(300, 4))
{
    std::string out = be(static_cast<std::uint32_t>(parts.size()), 2) + counted("CORP.EXAMPLE");
    for (const std::string& part : parts) out += counted(part);
    return out + be(1, 4) + be(1'700'000'000, 4) + be(44, 1) + be(18, 2) + counted(std::string(32, 'k')) + tail;
}
std::string sized(const std::string& record) { return be(static_cast<std::uint32_t>(record.size()), 4) + record; }
const std::string mark = "\x05\x02";

TEST(keytab, keys_and_holes)
{
    const std::string hole = be(0xfffffff8, 4) + std::string(8, '\x7f');
    const auto got = parse_keytab(mark + sized(record({"HTTP", "web1.corp"})) + hole + sized(record({"ada"}, {})) +
                                  be(0, 4) + "what stands behind the end");
    ASSERT_TRUE(got);
    ASSERT_EQ(got->size(), 2U);
    const keytab_key& one = got->front();
    EXPECT_EQ(one.text(), "HTTP/web1.corp@CORP.EXAMPLE");
    EXPECT_EQ(one.enctype, 18);
    EXPECT_EQ(one.version, 300U) << "the whole number, not its last byte";
    EXPECT_EQ(one.time, 1'700'000'000U);
    EXPECT_EQ(one.key.reveal(), std::string(32, 'k'));
    EXPECT_EQ(got->back().version, 44U);
    EXPECT_TRUE(parse_keytab(mark) && parse_keytab(mark)->empty());
}

TEST(keytab, names_of_our_services_alone)
{
    const std::string file = mark + sized(record({"HTTP", "a"})) + sized(record({"cifs", "a"})) +
                             sized(record({"HTTP"})) + sized(record({"host", "a"})) + sized(record({"http", "a"})) +
                             sized(record({"HTTP", "a", "b"}));
    auto got = parse_keytab(file);
    ASSERT_TRUE(got);
    EXPECT_EQ(keys_of(std::move(*parse_keytab(file)), {}).size(), 6U);
    const auto ours = keys_of(std::move(*got), {"HTTP", "host"});
    ASSERT_EQ(ours.size(), 2U);
    EXPECT_EQ(ours[1].text(), "host/a@CORP.EXAMPLE");
}

// Every length zeroed, huge, off by one; every place to cut it: an answer, and never a key that is not there.
TEST(keytab, lengths_that_lie)
{
    const std::string good = mark + sized(record({"HTTP", "web1.corp"}));
    for (std::size_t size = 0; size < good.size(); ++size) {
        const auto got = parse_keytab(good.substr(0, size));
        EXPECT_TRUE(size == 2 ? got && got->empty() : !got) << size;
    }
    for (std::size_t at = 2; at < good.size(); ++at)
        for (const char value : {'\0', '\x01', '\x7f', '\xff'}) {
            std::string changed = good;
            changed[at] = value;
            const auto got = parse_keytab(changed);
            for (std::size_t i = 0; got && i < got->size(); ++i) EXPECT_LE((*got)[i].key.reveal().size(), good.size());
        }
    EXPECT_FALSE(parse_keytab(mark + be(0x80000000, 4)));
    EXPECT_FALSE(parse_keytab("\x05\x01" + good.substr(2)));
    EXPECT_FALSE(parse_keytab("[Keytab]"));
    const auto cut = parse_keytab(good + be(9, 4));
    ASSERT_FALSE(cut);
    EXPECT_NE(cut.error().message().find("damaged keytab, at byte"), std::string::npos);
}

} // namespace
} // namespace winrm::auth::krb5
