using System.Text.Json;
using InverseScope.Core;

namespace InverseScope.Torch.Tokenizers;

/// <summary>
/// A token that was added to the learnt ones: an entry of <c>added_tokens</c> in tokenizer.json or of
/// <c>added_tokens_decoder</c> in tokenizer_config.json.
/// </summary>
/// <param name="Text">As it is spelled.</param>
/// <param name="IsSpecial">
/// Whether it controls the target rather than being text. Others are found in texts where they are spelled.
/// </param>
public sealed record AddedToken(string Text, int Id, bool IsSpecial)
{
    /// <param name="path">Of the file, for messages.</param>
    /// <exception cref="BadInputException">It has no text or id, or is found in texts in a way that is not supported.</exception>
    internal static AddedToken Read(JsonElement json, int? id, string path)
    {
        bool Is(string flag) => json.TryGetProperty(flag, out var value) && value.ValueKind == JsonValueKind.True;
        if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty("content", out var content)
            || content.GetString() is not { Length: > 0 } text)
        {
            throw new BadInputException($"{path}: an added token has no text: {json.GetRawText()}");
        }

        id ??= json.TryGetProperty("id", out var number) && number.ValueKind == JsonValueKind.Number
            && number.TryGetInt32(out var value) ? value : null;
        if (id is not >= 0)
            throw new BadInputException($"{path}: the added token '{text}' has no id.");
        var token = new AddedToken(text, id.Value, Is("special"));
        if (!token.IsSpecial && new[] { "lstrip", "rstrip", "single_word" }.FirstOrDefault(Is) is { } flag)
            throw new BadInputException($"{path}: the added token '{text}' has {flag}, which is not supported.");
        return token;
    }
}
