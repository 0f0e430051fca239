// Every length and offset of every message, wrong in every way.
#include "unit/auth/ntlm/support.h"

#include "auth/ntlm/av_pairs.h"
#include "auth/ntlm/flags.h"
#include "auth/ntlm/little_endian.h"
#include "auth/ntlm/upcase.h"

#include <gtest/gtest.h>

namespace winrm::auth::ntlm {
namespace {

using namespace winrm::test;

const std::string& good(int which)
{
    static const both_ends* const ends = [] {
        auto* made = new both_ends;
        EXPECT_EQ(made->run(), failure::none);
        return made;
    }();
    return which == 0 ? ends->challenge : ends->authenticate;
}

/// What each end says to the message.
failure client_takes(std::string_view challenge)
{
    client_context client(ada(), random_of_client());
    (void)client.step("", now);
    return client.step(challenge, now).reason;
}

failure server_takes(std::string_view authenticate) { return challenged().take(authenticate); }

void put(std::string& message, std::size_t at, std::uint64_t value, std::size_t bytes)
{
    for (std::size_t i = 0; i < bytes; ++i, value >>= 8U) message[at + i] = static_cast<char>(value & 255U);
}

struct target
{
    int which;
    failure (*take)(std::string_view);
    std::vector<std::size_t> fields; // where their lengths are
};

const std::vector<target>& targets()
{
    static const std::vector<target> all{{0, client_takes, {12, 40}}, {1, server_takes, {12, 20, 28, 36, 44, 52}}};
    return all;
}

TEST(bad_messages, cut_after_every_byte)
{
    for (const target& t : targets()) {
        const std::string& message = good(t.which);
        ASSERT_EQ(t.take(message), failure::none);
        for (std::size_t size = 0; size < message.size(); ++size) {
            EXPECT_EQ(t.take(std::string(message, 0, size)), failure::malformed) << t.which << ' ' << size;
        }
    }
}

TEST(bad_messages, every_length_and_offset_zero_huge_and_just_too_large)
{
    for (const target& t : targets()) {
        const std::string& message = good(t.which);
        for (const std::size_t at : t.fields) {
            const std::uint64_t size = get_u16(std::string_view(message).substr(at));
            const std::uint64_t offset = get_u32(std::string_view(message).substr(at + 4));
            if (size == 0) continue;
            for (const std::uint64_t bad : {std::uint64_t{0xffff}, message.size() - offset + 1}) {
                std::string changed = message;
                put(changed, at, bad, 2);
                EXPECT_EQ(t.take(changed), failure::malformed) << t.which << ' ' << at << " length " << bad;
            }
            for (const std::uint64_t bad :
                 {std::uint64_t{0}, std::uint64_t{8}, std::uint64_t{0xffffffff}, 0xffffffff - size + 1,
                  message.size() - size + 1, std::uint64_t{message.size()}, std::uint64_t{0x80000000}}) {
                std::string changed = message;
                put(changed, at + 4, bad, 4);
                EXPECT_EQ(t.take(changed), failure::malformed) << t.which << ' ' << at << " offset " << bad;
            }
            std::string changed = message;
            put(changed, at, 0, 2);
            const bool target_name = t.which == 0 && at == 12; // which nobody needs
            EXPECT_EQ(t.take(changed) == failure::none, target_name) << t.which << ' ' << at << " length 0";
        }
    }
}

TEST(bad_messages, MaxLen_and_the_offset_of_an_empty_field_mean_nothing)
{
    std::string message = good(0);
    put(message, 14, 0xffff, 2);
    put(message, 42, 0, 2);
    EXPECT_EQ(client_takes(message), failure::none);
    put(message, 12, 0, 2); // no TargetName
    put(message, 16, 0xffffffff, 4);
    EXPECT_EQ(client_takes(message), failure::none);
}

TEST(bad_messages, fields_that_overlap_each_other)
{
    for (const target& t : targets()) {
        const std::string& message = good(t.which);
        for (const std::size_t a : t.fields) {
            for (const std::size_t b : t.fields) {
                if (a == b) continue;
                std::string changed = message;
                changed.replace(a + 4, 4, message.substr(b + 4, 4));
                if (get_u16(message.substr(a)) != 0) {
                    EXPECT_EQ(t.take(changed), failure::malformed) << t.which << ' ' << a << ' ' << b;
                }
            }
        }
    }
}

TEST(bad_messages, names_of_a_NEGOTIATE)
{
    constexpr std::uint32_t flags = flag::ours | flag::oem_domain_supplied | flag::oem_workstation_supplied;
    std::string message = write(negotiate_message{flags}) + "DOMAINDESK";
    put(message, 16, 6, 2);
    put(message, 20, 40, 4);
    put(message, 24, 4, 2);
    put(message, 28, 46, 4);
    const auto take = [](std::string_view text) {
        negotiate_message out;
        return read(text, out);
    };
    EXPECT_EQ(take(message), failure::none);
    for (std::size_t size = 33; size < message.size(); ++size) {
        EXPECT_EQ(take(message.substr(0, size)), failure::malformed) << size;
    }
    for (const std::size_t at : {16u, 24u}) {
        for (const std::uint64_t bad : {std::uint64_t{0}, std::uint64_t{16}, std::uint64_t{0xffffffff}}) {
            std::string changed = message;
            put(changed, at + 4, bad, 4);
            EXPECT_EQ(take(changed), failure::malformed);
        }
    }
    std::string ignored = message; // the flags say that there are none
    put(ignored, 12, flag::ours, 4);
    put(ignored, 20, 0xffffffff, 4);
    EXPECT_EQ(take(ignored), failure::none);
    // Clients of long ago end after the flags, or have no Version.
    const std::string plain = write(negotiate_message{flag::ours});
    for (const std::size_t size : {16u, 32u, 40u}) EXPECT_EQ(take(plain.substr(0, size)), failure::none) << size;
    EXPECT_EQ(take(plain.substr(0, 15)), failure::malformed);
    EXPECT_EQ(take(plain + std::string(max_message, 'x')), failure::malformed);
}

/// The payload moved to the front by `by` bytes, as a peer writes it that leaves a part of the head out.
std::string without(const target& t, std::size_t at, std::size_t by)
{
    std::string message = good(t.which);
    message.erase(at, by);
    for (const std::size_t field : t.fields) {
        const auto offset = get_u32(std::string_view(message).substr(field + 4));
        put(message, field + 4, offset - by, 4);
    }
    return message;
}

TEST(bad_messages, a_missing_Version_is_forgiven)
{
    // Some set its flag and leave the eight bytes out (an older pyspnego).
    EXPECT_EQ(client_takes(without(targets()[0], 48, 8)), failure::none);
    authenticate_message out;
    const std::string message = without(targets()[1], 64, 8);
    ASSERT_EQ(read(message, out), failure::none);
    EXPECT_EQ(out.mic_at, 64u);
    EXPECT_EQ(server_takes(message), failure::mic_wrong); // taken apart rightly; the MIC is over the other form
    const std::string neither = without(targets()[1], 64, 24);
    ASSERT_EQ(read(neither, out), failure::none);
    EXPECT_EQ(out.mic_at, 0u);
    EXPECT_EQ(out.user, wide("ada"));
}

TEST(av_pairs, what_is_read_and_what_is_not)
{
    const auto pair = [](unsigned id, std::string_view value) {
        std::string out;
        add_av_pair(out, static_cast<av_id>(id), value);
        return out;
    };
    const std::string end(4, '\0');
    struct row
    {
        const char* name;
        std::string bytes;
        bool good;
    };
    std::string many, most;
    for (unsigned i = 100; i < 132; ++i) most += pair(i, "");
    many = most + pair(200, "");
    const row rows[] = {
        {"nothing", "", false},
        {"only the end", end, true},
        {"Windows adds bytes behind", end + std::string(99, 'x'), true},
        {"no end", pair(1, wide("A")), false},
        {"half an end", pair(1, wide("A")) + end.substr(0, 3), false},
        {"an end with a value", pair(0, "x"), false},
        {"value beyond the bytes", std::string("\1\0\377\377ab\0\0\0\0", 10), false},
        {"value swallows the end", std::string("\1\0\4\0\0\0\0\0", 8), false},
        {"odd name", pair(1, "abc") + end, false},
        {"flags of three bytes", pair(6, "abc") + end, false},
        {"time of seven bytes", pair(7, "abcdefg") + end, false},
        {"binding of fifteen bytes", pair(10, std::string(15, 'b')) + end, false},
        {"no binding", pair(10, "") + end, false},
        {"twice", pair(10, std::string(16, 'b')) + pair(10, std::string(16, 'c')) + end, false},
        {"unknown", pair(4711, "x") + end, true},
        {"unknown twice", pair(4711, "x") + pair(4711, "x") + end, false},
        {"32 pairs", most + end, true},
        {"33 pairs", many + end, false},
    };
    for (const row& r : rows) EXPECT_EQ(av_pairs::read(r.bytes).has_value(), r.good) << r.name;
    const auto none = av_pairs::read(end);
    EXPECT_EQ(none->flags(), 0u);
    EXPECT_FALSE(none->timestamp());
    EXPECT_EQ(none->name(av_id::nb_computer_name), "");
    const std::string no_text = pair(1, "\x3d\xd8") + end; // half a surrogate pair
    EXPECT_EQ(av_pairs::read(no_text)->name(av_id::nb_computer_name), "");
}

TEST(upcase, is_that_of_Windows)
{
    const std::pair<std::u16string, std::u16string> rows[] = {
        {u"User-7_z{", u"USER-7_Z{"},
        {u"jürgen", u"JÜRGEN"},
        {u"ß÷×", u"ß÷×"},
        {u"ÿā\u0131\u017fµ", u"ŸĀ\u0131\u017fµ"},
        {u"\u01c6\u01c5", u"\u01c4\u01c4"},
        {u"ςσά", u"ΣΣΆ"},
        {u"жёҋ", u"ЖЁҊ"},
        {u"\u1f80\u1fb3", u"\u1f88\u1fbc"},
        {u"ｚ\u10d0\U0001F600", u"Ｚ\u10d0\U0001F600"},
    };
    const auto bytes = [](const std::u16string& text) {
        std::string out;
        for (const char16_t unit : text) put_number<2>(out, unit);
        return out;
    };
    for (const auto& [text, upper] : rows) EXPECT_EQ(hex(upcase_utf16(bytes(text))), hex(bytes(upper)));
    EXPECT_EQ(upcase_utf16("a"), "a"); // half a unit
}

} // namespace
} // namespace winrm::auth::ntlm
