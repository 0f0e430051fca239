#include "auth/krb5/seal.h"
#include "auth/krb5/cts.h"

#include "support/vector_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

namespace winrm::auth::krb5 {
namespace {

constexpr std::array all_types{17, 18, 19, 20, 23};

context_values values_of(std::int32_t type, role own, bool subkey = true)
{
    context_values out;
    out.enctype = type;
    out.protocol = type == 23 ? 0 : 1;
    out.key = base::secret(std::string(key_size(static_cast<enctype>(type)), 'k'));
    out.acceptor_subkey = subkey && type != 23;
    out.own = own;
    out.send_sequence = own == role::initiator ? 0x1122334455667788 : 7;
    out.receive_sequence = own == role::initiator ? 7 : 0x1122334455667788;
    return out;
}

void count_up(std::span<unsigned char> out)
{
    unsigned char next = 0x40;
    for (unsigned char& c : out) c = next++;
}

struct pair
{
    explicit pair(std::int32_t type)
        : initiator(make_sealer(values_of(type, role::initiator), count_up)),
          acceptor(make_sealer(values_of(type, role::acceptor), count_up))
    {}
    std::unique_ptr<message_sealer> initiator, acceptor;
};

std::string seal(message_sealer& by, std::string_view clear)
{
    const seal_room room = by.room(clear.size());
    std::string token = std::string(room.header, '\0') + std::string(clear) + std::string(room.pad, '\0');
    EXPECT_TRUE(by.seal(token));
    return token;
}

void expect_opens(message_sealer& by, std::string token, std::string_view clear)
{
    const unsealed got = by.unseal(token);
    ASSERT_EQ(got.failed, seal_failure::none) << name(got.failed);
    EXPECT_EQ(std::string_view(got.clear.data(), got.clear.size()), clear);
}

void expect_dies(message_sealer& by, std::string token, seal_failure expected)
{
    EXPECT_EQ(name(by.unseal(token).failed), name(expected));
    EXPECT_EQ(token, std::string(token.size(), '\0')) << "half decrypted text stays";
    EXPECT_EQ(by.unseal(token).failed, seal_failure::dead);
    std::string room(200, '\0');
    EXPECT_FALSE(by.seal(room));
}

TEST(krb5_seal, both_directions_and_every_size)
{
    for (const std::int32_t type : all_types) {
        pair both(type);
        for (std::size_t size = 0; size < 300; ++size) {
            const std::string clear(size, static_cast<char>('a' + size % 26));
            expect_opens(*both.acceptor, seal(*both.initiator, clear), clear);
            if (size % 3 == 0) expect_opens(*both.initiator, seal(*both.acceptor, clear), clear);
        }
        const std::string large(100'000, 'x');
        expect_opens(*both.acceptor, seal(*both.initiator, large), large);
    }
}

// auth.md 1: what Windows and all clients put into the four-byte length.
TEST(krb5_seal, sizes_and_first_bytes)
{
    struct row
    {
        std::int32_t type;
        std::size_t header, pad;
        std::string_view start;
    };
    const row rows[] = {
        {17, 60, 0, "050406ff0000001c1122334455667788"},   {18, 60, 0, "050406ff0000001c1122334455667788"},
        {19, 64, 0, "050406ff000000201122334455667788"},   {20, 72, 0, "050406ff000000281122334455667788"},
        {23, 45, 1, "605606092a864886f71201020202011100"},
    };
    for (const row& r : rows) {
        pair both(r.type);
        EXPECT_EQ(both.initiator->room(42).header, r.header);
        EXPECT_EQ(both.initiator->room(42).pad, r.pad);
        EXPECT_EQ(test::hex(seal(*both.initiator, std::string(42, 'd')).substr(0, r.start.size() / 2)), r.start);
    }
}

// RFC 4121 4.2.5: RRC 0 is what gss_wrap of MIT, and so OMI, sends; others may rotate as they like.
TEST(krb5_seal, any_rotation)
{
    for (const std::int32_t type : {17, 18, 19, 20}) {
        for (const std::size_t size : {0, 1, 16, 42}) {
            for (std::size_t rrc = 0; rrc < 200; rrc += rrc < 70 ? 1 : 13) {
                pair both(type);
                const std::string clear(size, 'c');
                std::string token = seal(*both.initiator, clear);
                const std::size_t ours = static_cast<unsigned char>(token[7]), whole = token.size() - 16;
                std::rotate(token.begin() + 16, token.begin() + 16 + static_cast<std::ptrdiff_t>(ours), token.end());
                std::rotate(token.begin() + 16, token.end() - static_cast<std::ptrdiff_t>(rrc % whole), token.end());
                token[7] = static_cast<char>(rrc);
                expect_opens(*both.acceptor, token, clear);
            }
        }
    }
}

// RFC 4121 4.2.4: EC says how many bytes of filler stand behind the data. Nobody is known to send any, so we make them
// here from the parts, for the text as an AES-SHA1 peer would.
TEST(krb5_seal, filler_is_dropped)
{
    for (const std::size_t filler : {1, 16, 300}) {
        const context_values values = values_of(18, role::initiator);
        const auto key = [&](key_purpose purpose) {
            return derive_key(enctype::aes256_cts_hmac_sha1_96, values.key.reveal(), 24, purpose);
        };
        std::string head = test::unhex("050406ff 0000 0000 1122334455667788");
        head[4] = static_cast<char>(filler >> 8);
        head[5] = static_cast<char>(filler);
        std::string text = std::string(16, 'c') + "some text" + std::string(filler, '\xff') + head;
        auto* bytes = reinterpret_cast<unsigned char*>(text.data());
        const base::secret integrity = key(key_purpose::integrity), encryption = key(key_purpose::encryption);
        hmac mac(digest::sha1, integrity.reveal());
        mac.begin();
        mac.add({bytes, text.size()});
        const hmac::value code = mac.end();
        aes_cts cipher({reinterpret_cast<const unsigned char*>(encryption.reveal().data()), 32}, true);
        cipher.crypt({bytes, text.size() - 16}, std::span<unsigned char, 16>(bytes + text.size() - 16, 16));
        std::string token = head + text + std::string(code.begin(), code.begin() + 12);
        pair both(18);
        const unsealed got = both.acceptor->unseal(token);
        ASSERT_EQ(got.failed, seal_failure::none) << filler;
        EXPECT_EQ(std::string_view(got.clear.data(), got.clear.size()), "some text");
        EXPECT_EQ(got.pad, filler);
    }
}

TEST(krb5_seal, no_room)
{
    for (const std::int32_t type : all_types) {
        pair both(type);
        const seal_room room = both.initiator->room(0);
        std::string small(room.header + room.pad - 1, '\0');
        EXPECT_FALSE(both.initiator->seal(small));
        EXPECT_FALSE(both.initiator->seal({}));
        expect_opens(*both.acceptor, seal(*both.initiator, ""), ""); // nothing was counted
    }
}

TEST(krb5_seal, every_changed_byte_is_found)
{
    for (const std::int32_t type : all_types) {
        const std::string good = seal(*pair(type).initiator, "some text");
        for (std::size_t at = 0; at < good.size(); ++at) {
            pair both(type);
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ 0x10);
            const unsealed got = both.acceptor->unseal(bad);
            EXPECT_NE(got.failed, seal_failure::none) << type << " byte " << at;
            EXPECT_TRUE(got.clear.empty());
        }
        for (std::size_t size = 0; size < good.size(); ++size) {
            pair both(type);
            std::string cut = good.substr(0, size);
            EXPECT_NE(both.acceptor->unseal(cut).failed, seal_failure::none) << type << " cut to " << size;
        }
        pair both(type);
        std::string longer = good + "x";
        EXPECT_NE(both.acceptor->unseal(longer).failed, seal_failure::none);
    }
}

// S18: replay, gap, cut and reflected messages end the context.
TEST(krb5_seal, s18_sequence)
{
    for (const std::int32_t type : all_types) {
        {
            pair both(type);
            const std::string first = seal(*both.initiator, "first");
            expect_opens(*both.acceptor, first, "first");
            expect_dies(*both.acceptor, first, seal_failure::out_of_sequence); // replayed
        }
        {
            pair both(type);
            static_cast<void>(seal(*both.initiator, "lost"));
            // RC4 encrypts the text by its number, but says the number beside it
            expect_dies(*both.acceptor, seal(*both.initiator, "second"), seal_failure::out_of_sequence);
        }
        {
            pair both(type);
            expect_dies(*both.initiator, seal(*both.initiator, "mine"), seal_failure::wrong_direction);
        }
    }
}

TEST(krb5_seal, refused_before_anything_is_decrypted)
{
    struct row
    {
        std::size_t at;
        unsigned char value;
        seal_failure expected;
    };
    const row rows[] = {
        {0, 0x04, seal_failure::wrong_token},     // a token of another kind
        {1, 0x05, seal_failure::wrong_token},     // deletes a context
        {2, 0x04, seal_failure::wrong_token},     // signed only
        {2, 0x07, seal_failure::wrong_direction}, // from an acceptor
        {2, 0x02, seal_failure::wrong_key},       // without the acceptor's subkey
        {2, 0x0e, seal_failure::wrong_token},     // unknown flag
        {3, 0x00, seal_failure::wrong_token},     // filler
        {4, 0xff, seal_failure::malformed},       // EC longer than the token
        {5, 0x01, seal_failure::bad_mac},         // EC that was not sealed
        {6, 0x01, seal_failure::bad_mac},         // another rotation
        {15, 0x00, seal_failure::out_of_sequence},
    };
    for (const row& r : rows) {
        pair both(18);
        std::string token = seal(*both.initiator, "some text");
        token[r.at] = static_cast<char>(r.value);
        expect_dies(*both.acceptor, token, r.expected);
    }
    pair both(18);
    expect_dies(*both.acceptor, "", seal_failure::malformed);
}

TEST(krb5_seal, other_keys)
{
    for (const std::int32_t type : all_types) {
        context_values other = values_of(type, role::acceptor);
        other.key = base::secret(std::string(key_size(static_cast<enctype>(type)), 'K'));
        const auto acceptor = make_sealer(other, count_up);
        std::string token = seal(*pair(type).initiator, "text");
        EXPECT_EQ(acceptor->unseal(token).failed, seal_failure::bad_mac) << type;
    }
}

TEST(krb5_seal, messages_of_mit)
{
    std::ifstream file(TEST_SOURCE_DIR "/vectors/krb5/sealed.txt");
    std::string line;
    int rows = 0;
    while (std::getline(file, line)) {
        if (line.empty() || line.front() == '#') continue;
        std::istringstream words(line);
        std::string sender, key, clear, token;
        context_values values;
        words >> sender >> values.enctype >> values.protocol >> values.acceptor_subkey >> key >>
            values.receive_sequence >> clear >> token;
        values.key = base::secret(test::unhex(key));
        values.own = sender == "initiator" ? role::acceptor : role::initiator;
        const auto sealer = make_sealer(values, count_up);
        ASSERT_NE(sealer, nullptr) << line;
        expect_opens(*sealer, test::unhex(token), test::unhex(clear));
        ++rows;
    }
    EXPECT_EQ(rows, 90);
}

TEST(krb5_seal, values_that_are_no_context)
{
    struct row
    {
        std::int32_t type;
        int protocol;
        std::size_t key;
        bool good;
    };
    for (const row& r : {row{18, 1, 32, true}, row{18, 1, 16, false}, row{18, 0, 32, false}, row{23, 0, 16, true},
                         row{23, 1, 16, false}, row{24, 0, 16, false}, row{16, 0, 24, false}, row{0, 1, 0, false},
                         row{26, 1, 32, false}}) {
        context_values values = values_of(18, role::initiator);
        values.enctype = r.type;
        values.protocol = r.protocol;
        values.key = base::secret(std::string(r.key, 'k'));
        EXPECT_EQ(make_sealer(values, count_up) != nullptr, r.good) << r.type << ' ' << r.protocol << ' ' << r.key;
    }
    EXPECT_EQ(make_sealer(values_of(18, role::initiator), {}), nullptr);
}

} // namespace
} // namespace winrm::auth::krb5
