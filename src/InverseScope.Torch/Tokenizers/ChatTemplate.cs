using System.Text;
using System.Text.Json;
using InverseScope.Core;
using InverseScope.Core.Sites;

namespace InverseScope.Torch.Tokenizers;

/// <summary>Who says a message.</summary>
public enum ChatRole
{
    /// <summary>What the assistant is told beforehand.</summary>
    System,

    User,

    Assistant,
}

/// <summary>A turn of a conversation. White space at either end of the content is left out, as the templates do.</summary>
public sealed record ChatMessage(ChatRole Role, string Content);

/// <summary>What becomes of a special token that is spelled in a message.</summary>
public enum SpelledTokens
{
    /// <summary>It is text, cut into tokens as any other: what somebody writes ends no turn.</summary>
    AreText,

    /// <summary>It is the special token, as Hugging Face's tokenizers read it.</summary>
    AreSpecial,
}

/// <summary>A conversation as an instructed model reads it, up to where its reply begins.</summary>
/// <param name="Tokens">
/// Begin token, turns and the header of the reply. The text is that of the template with special tokens spelled, without
/// the begin token; special tokens cover none of it.
/// </param>
/// <param name="Messages">For each message in order, which tokens hold its content.</param>
public sealed record ChatPrompt(TokenizedText Tokens, IReadOnlyList<Range> Messages)
{
    /// <summary>Which tokens hold the last message, to which the model replies; always a user's.</summary>
    public Range UserMessage => Messages[^1];

    /// <summary>Index of the token before the reply, at which the model has read all and written nothing.</summary>
    public int BeforeReply => Tokens.Ids.Length - 1;
}

/// <summary>
/// How conversations are written for an instructed model: the formats of Llama-3-Instruct (Meta's
/// <c>ChatFormat</c> in llama3/tokenizer.py) and of Gemma-it, versions 1 and 2 (<c>chat_template</c> on the hub). No
/// other is known, and none is guessed.
/// </summary>
public sealed class ChatTemplate
{
    internal const string FileName = "chat_template.jinja";

    private const string Turns = "'<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n'";

    private static readonly Format[] Known =
    [
        new(
            "Llama-3-Instruct", "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "\n\n", "<|eot_id|>", "",
            "assistant", IsStrict: false,
            [
                Llama3("{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}"),
                Llama3(
                    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"),
            ]),
        new(
            "Gemma-it", "<bos>", "<start_of_turn>", null, "\n", "<end_of_turn>", "\n", "model", IsStrict: true,
            [
                "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
                + "{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
                + "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
                + "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}"
                + "{% set role = message['role'] %}{% endif %}{{ " + Turns + " }}{% endfor %}"
                + "{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}",
            ]),
    ];

    // What tells templates that are not supported, so that messages can name them.
    private static readonly (string Mark, string Name)[] Others =
    [
        ("Cutting Knowledge Date", "Llama-3.1-Instruct"), ("first_user_prefix", "Gemma-3-it"), ("<|im_start|>", "ChatML"),
        ("[INST]", "Llama-2-chat or Mistral-Instruct"), ("<|assistant|>", "Zephyr or Phi-3"),
    ];

    private readonly ITokenizer _tokenizer;
    private readonly Format _format;
    private readonly LiteralTokens _special;

    private ChatTemplate(ITokenizer tokenizer, Format format) =>
        (_tokenizer, _format, _special) = (tokenizer, format, new LiteralTokens(tokenizer.SpecialTokens));

    /// <summary>Whose format it is: <c>Llama-3-Instruct</c> or <c>Gemma-it</c>.</summary>
    public string Name => _format.Name;

    /// <summary>
    /// The template of a model: told by its special tokens, and by its <c>chat_template</c> where the folder has one,
    /// which then must be one as published.
    /// </summary>
    /// <param name="folder">The model's, for <c>chat_template.jinja</c> and tokenizer_config.json.</param>
    /// <param name="tokenizer">The model's.</param>
    /// <exception cref="BadInputException">The template is none of those known; named where it can be told.</exception>
    public static ChatTemplate Open(string folder, ITokenizer tokenizer)
    {
        var format = Array.Find(Known, f => f.Tokens.All(tokenizer.SpecialTokens.ContainsKey));
        var written = Written(folder);
        if (format is not null && (written is null || format.Published.Any(published => Bare(published) == Bare(written))))
            return new ChatTemplate(tokenizer, format);
        var evidence = $"{written} {string.Join(' ', tokenizer.SpecialTokens.Keys)}";
        var name = Array.Find(Others, o => evidence.Contains(o.Mark, StringComparison.Ordinal)).Name;
        var why = name is not null ? $"is that of {name}, which is not supported"
            : written is not null ? "is none that is known"
            : "cannot be told: its tokenizer has the special tokens of none that is known";
        throw new BadInputException(
            $"The chat template of {folder} {why}.", $"Those of {string.Join(" and ", Known.Select(f => f.Name))} are supported.");
    }

    /// <summary>Writes a conversation, ready for the reply to its last message.</summary>
    /// <param name="messages">The last is a user's. Gemma-it knows no system message, and users and assistant alternate.</param>
    /// <param name="spelled">
    /// The template cannot know whether a message may hold control tokens; whoever knows where it comes from does.
    /// </param>
    /// <exception cref="BadInputException">The template has no such conversation, or the vocabulary not the text.</exception>
    public ChatPrompt Render(IReadOnlyList<ChatMessage> messages, SpelledTokens spelled)
    {
        Check(messages);
        var prompt = new Writer(_tokenizer);
        prompt.Begin(_tokenizer.SpecialTokens[_format.Begin]);
        var contents = new List<(int Start, int End)>();
        foreach (var message in messages)
        {
            WriteHeader(prompt, message.Role == ChatRole.Assistant ? _format.Assistant : RoleName(message.Role));
            var start = prompt.Length;
            var content = Trim(message.Content);
            if (spelled == SpelledTokens.AreText)
            {
                prompt.Write(content);
            }
            else
            {
                foreach (var (range, id) in _special.Cut(content))
                {
                    if (id is not null)
                        prompt.WriteSpecial(content[range]);
                    else
                        prompt.Write(content[range]);
                }
            }

            contents.Add((start, prompt.Length));
            prompt.WriteSpecial(_format.EndOfTurn);
            prompt.Write(_format.AfterTurn);
        }

        WriteHeader(prompt, _format.Assistant);
        return prompt.Finish(contents);
    }

    private void WriteHeader(Writer prompt, string role)
    {
        prompt.WriteSpecial(_format.Header);
        prompt.Write(role);
        if (_format.EndOfHeader is { } end)
            prompt.WriteSpecial(end);
        prompt.Write(_format.AfterHeader);
    }

    private void Check(IReadOnlyList<ChatMessage> messages)
    {
        if (messages is not [.., { Role: ChatRole.User }])
            throw new BadInputException("A conversation to reply to must end with a user's message.");
        for (var i = 0; _format.IsStrict && i < messages.Count; i++)
        {
            if (messages[i].Role == ChatRole.System)
                throw new BadInputException($"{Name} knows no system message.", "Write what it says into the user's first message.");
            if ((messages[i].Role == ChatRole.User) != (i % 2 == 0))
                throw new BadInputException($"{Name} wants user and assistant in turn, the user first; message {i + 1} breaks this.");
        }
    }

    private static string RoleName(ChatRole role) => role == ChatRole.System ? "system" : "user";

    // As Python's strip, which the published templates call: four control characters are white space to it.
    private static string Trim(string content)
    {
        static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';
        var (start, end) = (0, content.Length);
        while (start < end && IsSpace(content[start]))
            start++;
        while (end > start && IsSpace(content[end - 1]))
            end--;
        return content[start..end];
    }

    private static string Llama3(string ending) =>
        "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + "
        + "message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}"
        + "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}" + ending;

    /// <summary>A template without what makes no difference: spaces, and how line ends are escaped.</summary>
    private static string Bare(string template) =>
        template.Trim().Replace("\\n", "\n", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);

    private static string? Written(string folder)
    {
        var file = Path.Combine(folder, FileName);
        if (File.Exists(file))
            return File.ReadAllText(file);
        var config = Path.Combine(folder, TokenizerConfig.FileName);
        if (!File.Exists(config))
            return null;
        try
        {
            using var json = JsonFile.Read(config);
            if (!json.RootElement.TryGetProperty("chat_template", out var template) || template.ValueKind == JsonValueKind.Null)
                return null;

            // Several templates are listed by name; conversations without tools are written by the default one.
            if (template.ValueKind != JsonValueKind.Array)
                return template.GetString();
            var listed = template.EnumerateArray().Select(t => (Name: t.GetProperty("name").GetString(), Text: t.GetProperty("template").GetString())).ToArray();
            return listed.Any(t => t.Name == "default")
                ? listed.First(t => t.Name == "default").Text
                : throw new BadInputException($"{config} lists no chat template 'default'{(listed.Length == 0 ? "" : $", only {string.Join(", ", listed.Select(t => t.Name))}")}.");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new BadInputException($"{config} is malformed: {e.Message}", inner: e);
        }
    }

    /// <param name="Header">Special token before the role.</param>
    /// <param name="EndOfHeader">Special token after it.</param>
    /// <param name="AfterTurn">Text after the token that ends a turn.</param>
    /// <param name="Assistant">What the assistant is called.</param>
    /// <param name="IsStrict">Whether only user and assistant speak, in turn.</param>
    /// <param name="Published">The forms in which the hub has it.</param>
    private sealed record Format(
        string Name, string Begin, string Header, string? EndOfHeader, string AfterHeader, string EndOfTurn, string AfterTurn,
        string Assistant, bool IsStrict, string[] Published)
    {
        public IEnumerable<string> Tokens => new[] { Begin, Header, EndOfHeader, EndOfTurn }.OfType<string>();
    }

    /// <summary>Gathers text between special tokens, since tokens may span what is written in several steps.</summary>
    private sealed class Writer(ITokenizer tokenizer)
    {
        private readonly StringBuilder _text = new();
        private readonly List<(int Id, int Start, int End, bool IsSpecial)> _tokens = [];
        private int _tokenized;

        public int Length => _text.Length;

        public void Begin(int id) => _tokens.Add((id, 0, 0, true));

        public void Write(string text) => _text.Append(text);

        public void WriteSpecial(string token)
        {
            Tokenize();
            _tokens.Add((tokenizer.SpecialTokens[token], _text.Length, _text.Length + token.Length, true));
            _text.Append(token);
            _tokenized = _text.Length;
        }

        public ChatPrompt Finish(IEnumerable<(int Start, int End)> contents)
        {
            Tokenize();
            var spans = contents.Select(content =>
            {
                var start = _tokens.FindIndex(token => token.End > content.Start);
                return start..Math.Max(start, _tokens.FindIndex(token => token.Start >= content.End));
            });
            return new ChatPrompt(
                new TokenizedText(
                    _text.ToString(),
                    [.. _tokens.Select(token => token.Id)],
                    [.. _tokens.Select(token => token.IsSpecial ? -1 : token.Start)],
                    [.. _tokens.Select(token => token.IsSpecial ? -1 : token.End)]),
                [.. spans]);
        }

        private void Tokenize()
        {
            var part = tokenizer.Encode(_text.ToString(_tokenized, _text.Length - _tokenized));
            for (var i = 0; i < part.Ids.Length; i++)
            {
                // The begin token of a whole text.
                if (part.Starts[i] >= 0)
                    _tokens.Add((part.Ids[i], _tokenized + part.Starts[i], _tokenized + part.Ends[i], false));
            }

            _tokenized = _text.Length;
        }
    }
}
