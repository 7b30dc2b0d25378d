using InverseScope.Core;
using InverseScope.Core.Seeds;
using InverseScope.Core.Tasks;
using InverseScope.Testing;
using InverseScope.Torch.Training;

namespace InverseScope.Torch.Tests.Training;

public sealed class TrainingVocabularyTests
{
    [Fact]
    public void The_shipped_model_has_the_vocabulary_that_its_task_gives()
    {
        using var folder = new TempFolder();
        new TrainingVocabulary(new TaskCatalog().Find("ioi")).Write(folder.Path);
        foreach (var file in new[] { "vocab.json", "tokenizer_config.json" })
        {
            var shipped = Path.Combine(AppContext.BaseDirectory, "models", "ioi", file);
            Assert.Equal(File.ReadAllText(shipped), File.ReadAllText(folder[file]));
        }
    }

    [Fact]
    public void Reversible_changes_nothing_for_characters()
    {
        var task = new AdditionTask();
        Assert.Equal(new TrainingVocabulary(task).Fingerprint, new TrainingVocabulary(task, reversible: true).Fingerprint);
    }

    [Fact]
    public void The_folder_says_that_words_keep_their_space()
    {
        using var folder = new TempFolder();
        var vocabulary = new TrainingVocabulary(TinyTasks.LastSpeaker, reversible: true);
        vocabulary.Write(folder.Path);
        Assert.Contains("\"spaced-word-level\"", File.ReadAllText(folder["tokenizer_config.json"]), StringComparison.Ordinal);
        Assert.NotEqual(new TrainingVocabulary(TinyTasks.LastSpeaker).Fingerprint, vocabulary.Fingerprint);
        Assert.Equal(10, vocabulary.LongestText); // "At last Kim, then Leo: this was Leo"
    }

    [Fact]
    public void Lexicon_words_have_the_forms_that_texts_show()
    {
        var tokenizer = new TrainingVocabulary(TinyTasks.LastSpeaker, reversible: true).Tokenizer;
        tokenizer.Encode("First Ann, then Leo: this was Leo");
        Assert.Contains(
            "Did you mean ' Ann'?", Assert.Throws<BadInputException>(() => tokenizer.Encode("Ann, then")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lexicon_words_that_no_surveyed_text_shows_have_the_forms_of_those_that_do()
    {
        var task = new FewTexts(
            ["Ann saw red", "Bea saw dark-blue", "then red"],
            new Dictionary<string, IReadOnlyList<string>>
            {
                ["names"] = ["Ann", "Bea", "New York"],
                ["colors"] = ["red", "dark-blue", "blue", "sea green"],
                ["unused"] = ["so", "thus"],
            });
        var tokenizer = new TrainingVocabulary(task, reversible: true).Tokenizer;
        foreach (var text in new[] { "New York saw blue", "Ann saw sea green", "then blue" })
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text).Ids));
        foreach (var text in new[] { "then Bea", "blue saw red", "Ann saw so", "thus" })
            Assert.Throws<BadInputException>(() => tokenizer.Encode(text));
    }

    /// <summary>A handful of texts, with lexicons of which they show a part.</summary>
    private sealed class FewTexts(string[] texts, IReadOnlyDictionary<string, IReadOnlyList<string>> lexicons) : ITask
    {
        public string Name => "few";

        public string Description => "A handful of texts.";

        public string Fingerprint => Name;

        public long? Count => texts.Length;

        public IReadOnlyList<string> PositionNames => [];

        public IReadOnlyDictionary<string, IReadOnlyList<string>> Lexicons => lexicons;

        public string TextAt(long index) => texts[index];

        public string Draw(RandomStream random) => texts[random.NextInt(texts.Length)];

        public double? LogProbability(string text) => null;

        public string? WhyInvalid(string text) => null;

        public int? CharacterAt(string positionName, string text) => null;
    }
}
