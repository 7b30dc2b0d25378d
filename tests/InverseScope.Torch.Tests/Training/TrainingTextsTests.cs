using InverseScope.Core.Tasks;
using InverseScope.Testing;
using InverseScope.Torch.Tokenizers;
using InverseScope.Torch.Training;

namespace InverseScope.Torch.Tests.Training;

public sealed class TrainingTextsTests
{
    [Fact]
    public void The_vocabulary_of_word_texts_has_every_word_of_task_and_lexicons()
    {
        var task = new TaskCatalog().Find("ioi");
        var vocabulary = new TrainingVocabulary(task);
        using var folder = new TempFolder();
        vocabulary.Write(folder.Path);
        var read = TokenizerFolder.Load(folder.Path)!;
        Assert.Equal(vocabulary.Size, read.Vocabulary);
        foreach (var name in task.Lexicons["names"])
        {
            var tokens = read.Encode($"When {name} and John went to the store, John gave a drink to");
            Assert.Equal(tokens.Ids, vocabulary.Tokenizer.Encode(tokens.Text).Ids);
            Assert.Equal(vocabulary.BeginId, tokens.Ids[0]);
            Assert.Equal(name, tokens.Piece(2).ToString());
            Assert.Equal(",", tokens.Piece(9).ToString());
            Assert.Equal(15, tokens.Ids.Length);
        }
    }

    [Fact]
    public void The_vocabulary_of_texts_without_spaces_has_characters()
    {
        var vocabulary = new TrainingVocabulary(new AdditionTask());
        Assert.Equal(2 + 12, vocabulary.Size);
        Assert.Equal(12, vocabulary.LongestText);
        using var folder = new TempFolder();
        vocabulary.Write(folder.Path);
        Assert.Equal(13, TokenizerFolder.Load(folder.Path)!.Encode("615+861=1476").Ids.Length);
    }

    [Fact]
    public void The_answer_weighs_one_and_the_rest_of_a_text_its_set_share()
    {
        var task = new AdditionTask();
        var texts = new TrainingTexts(task, new TrainingVocabulary(task), new TrainingOptions { TextLossWeight = 0.3 });
        var batch = texts.Batch(["100+200=300", "999+999=1998"]);
        Assert.Equal((2, 14), (batch.Rows, batch.Length));
        var first = batch.Weights[..13];
        Assert.Equal(0.5, first[8..11].Sum(), 1e-6); // tokens 9, 10, 11: the digits 3 0 0
        Assert.Equal(0.5 * 0.3, first[..8].Sum() + first[11], 1e-6); // with the end token
        Assert.Equal(0, first[12]);
        Assert.Equal(0.5, batch.Weights[(13 + 8)..(13 + 12)].Sum(), 1e-6);
        Assert.Equal(1 + 0.3, batch.Weights.Sum(), 1e-6);
    }

    [Fact]
    public void An_answer_that_the_text_lacks_is_appended()
    {
        var task = new TaskCatalog().Find("ioi");
        var vocabulary = new TrainingVocabulary(task);
        var batch = new TrainingTexts(task, vocabulary, new TrainingOptions())
            .Batch(["When Mary and John went to the store, John gave a drink to"]);
        var mary = vocabulary.Tokenizer.Encode("Mary").Ids[1];
        Assert.Equal(17, batch.Length);
        Assert.Equal((mary, vocabulary.EndId), ((int)batch.Ids[15], (int)batch.Ids[16]));
        Assert.Equal(1, batch.Weights[14]);
        Assert.Equal(14, Array.IndexOf(batch.Weights, batch.Weights.Max()));
    }

    [Fact]
    public void Texts_without_an_answer_weigh_evenly()
    {
        var texts = new TrainingTexts(TinyTasks.Plain, new TrainingVocabulary(TinyTasks.Plain), new TrainingOptions());
        var batch = texts.Batch(["line 1 ends 9"]);
        Assert.All(batch.Weights, w => Assert.Equal(1 / 5.0, w, 1e-6));
    }

    [Fact]
    public void The_texts_of_a_step_hang_on_seed_and_step_alone()
    {
        var task = TinyTasks.LastSpeaker;
        var vocabulary = new TrainingVocabulary(task);
        TrainingTexts With(long seed) => new(task, vocabulary, new TrainingOptions { Seed = seed });
        var texts = With(1);
        texts.Batch(1);
        Assert.Equal(With(1).Batch(2).Ids, texts.Batch(2).Ids);
        Assert.NotEqual(texts.Batch(1).Ids, texts.Batch(2).Ids);
        Assert.NotEqual(With(2).Batch(2).Ids, texts.Batch(2).Ids);
    }
}
