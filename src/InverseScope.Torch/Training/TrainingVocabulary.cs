using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Torch.Tokenizers;

namespace InverseScope.Torch.Training;

/// <summary>
/// A vocabulary made for one task: every piece that occurs in its lexicons and in a survey of its texts. Whole words,
/// unless no text has white space; then characters. Where ids must become texts again, words keep the white space before
/// them, and lexicons add only the forms in which texts can show their words.
/// </summary>
internal sealed class TrainingVocabulary
{
    private const string Begin = "<begin>";
    private const string End = "<end>";
    private const int SurveyTexts = 50_000;
    private const int MostPieces = 65_536;
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly TokenUnit _unit;

    /// <param name="reversible">Whether the tokenizer must give every text back exactly from its ids.</param>
    /// <exception cref="BadInputException">More pieces than a small model can have.</exception>
    public TrainingVocabulary(ITask task, bool reversible = false)
    {
        var texts = Survey(task);
        var wordUnit = reversible ? TokenUnit.SpacedWord : TokenUnit.Word;
        _unit = texts.Exists(t => t.Any(char.IsWhiteSpace)) ? wordUnit : TokenUnit.Character;
        var pieces = new SortedSet<string>(StringComparer.Ordinal);
        var lexicons = task.Lexicons.Values;
        foreach (var text in _unit == TokenUnit.SpacedWord ? texts : texts.Concat(lexicons.SelectMany(l => l)))
        {
            var length = 0;
            foreach (var piece in Pieces(text))
            {
                pieces.Add(piece);
                length++;
            }

            LongestText = Math.Max(LongestText, length);
        }

        if (_unit == TokenUnit.SpacedWord)
            pieces.UnionWith(lexicons.SelectMany(words => FormsLike(pieces, words)).ToList());

        if (pieces.Count > MostPieces)
        {
            throw new BadInputException(
                $"Task '{task.Name}' has more than {MostPieces:N0} different {(_unit == TokenUnit.Character ? "characters" : "words")}.",
                "A model this small cannot be trained on it.");
        }

        foreach (var token in new[] { Begin, End }.Concat(pieces))
            _ids.Add(token, _ids.Count);
        Tokenizer = new VocabularyTokenizer(_ids, _unit, new TokenizerConfig(null, Begin, End, End, AddsBegin: true));
    }

    public ITokenizer Tokenizer { get; }

    /// <summary>Most tokens of a text in the survey, without begin and end.</summary>
    public int LongestText { get; }

    public int Size => _ids.Count;

    public int BeginId => _ids[Begin];

    public int EndId => _ids[End];

    /// <summary>Identity of the list of tokens.</summary>
    public string Fingerprint => ContentHash.Of([_unit.ToString(), .. _ids.Keys]);

    /// <summary>Writes vocab.json and tokenizer_config.json.</summary>
    public void Write(string folder)
    {
        var options = new JsonSerializerOptions
        {
            WriteIndented = true,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        var tokens = new JsonObject(_ids.Select(i => KeyValuePair.Create(i.Key, (JsonNode?)i.Value)));
        File.WriteAllText(Path.Combine(folder, "vocab.json"), tokens.ToJsonString(options) + "\n");
        var config = new JsonObject
        {
            ["tokenizer_class"] = _unit switch
            {
                TokenUnit.Character => "char-level",
                TokenUnit.Word => "word-level",
                _ => "spaced-word-level",
            },
            ["bos_token"] = Begin,
            ["eos_token"] = End,
            ["pad_token"] = End,
            ["padding_side"] = "right",
            ["add_bos_token"] = true,
        };
        File.WriteAllText(Path.Combine(folder, TokenizerConfig.FileName), config.ToJsonString(options) + "\n");
    }

    private IEnumerable<string> Pieces(string text) =>
        VocabularyTokenizer.Split(text, _unit).Select(range => text[range]);

    /// <summary>
    /// The pieces of a lexicon's words, bare or after a space as the survey shows a word of the same lexicon: a rare
    /// word, which the survey may miss, can only stand where the others do.
    /// </summary>
    private IEnumerable<string> FormsLike(SortedSet<string> surveyed, IReadOnlyList<string> words) =>
        new[] { "", " " }
            .Select(before => words.Select(word => Pieces(before + word).ToList()).ToList())
            .Where(forms => forms.Exists(form => form.TrueForAll(surveyed.Contains)))
            .SelectMany(forms => forms.SelectMany(form => form));

    // With the answer, which may hold words that no prompt has.
    private static List<string> Survey(ITask task)
    {
        var random = new RunSeed(0).Stream("vocabulary");
        var all = task.Count is <= SurveyTexts;
        return [.. Enumerable.Range(0, all ? (int)task.Count!.Value : SurveyTexts)
            .Select(i => TrainingTexts.WithAnswer(task, all ? task.TextAt(i) : task.Draw(random)).Text)];
    }
}
